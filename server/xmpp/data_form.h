// Data forms (XEP-0004): what a peer submitted, with typed access, and the forms and results we send.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "xml/element.h"
#include "xmpp/error.h"
#include "xmpp/jid.h"

namespace xmpp {

/// A form's type (XEP-0004 3.1).
enum class FormType : std::uint8_t { form, submit, cancel, result };

/// A field's type (XEP-0004 3.3).
enum class FieldType : std::uint8_t {
  boolean,
  fixed,
  hidden,
  jid_multi,
  jid_single,
  list_multi,
  list_single,
  text_multi,
  text_private,
  text_single,
};

/// A form as it came from a peer. Owns what it holds, so that it may outlive the stanza.
class DataForm {
 public:
  struct Field {
    std::string var;
    std::vector<std::string> values;
  };

  /// Reads `<x xmlns='jabber:x:data'/>`; bad-request for an unknown form type, a field without or with a repeated
  /// `var`, or more fields than any form of ours has.
  static base::Result<DataForm, StanzaError> parse(const xml::Element& x);

  FormType type() const { return type_; }
  /// The value of FORM_TYPE (XEP-0068), empty without one.
  std::string_view form_type() const;
  const std::vector<Field>& fields() const { return fields_; }

  bool has(std::string_view var) const { return find(var) != nullptr; }
  /// A single-valued field; nothing when it is absent or has no value, bad-request when it has several.
  base::Result<std::optional<std::string>, StanzaError> value(std::string_view var) const;
  /// bad-request unless it is "true", "1", "false" or "0" (XEP-0004 3.3, xs:boolean).
  base::Result<std::optional<bool>, StanzaError> boolean(std::string_view var) const;
  /// jid-malformed unless it is an address.
  base::Result<std::optional<Jid>, StanzaError> jid(std::string_view var) const;
  /// All values of a field; none when it is absent.
  std::vector<std::string> values(std::string_view var) const;

 private:
  const Field* find(std::string_view var) const;

  FormType type_ = FormType::submit;
  std::vector<Field> fields_;
};

/// One field of a form that we send.
struct FormField {
  struct Option {
    std::string label, value;
  };
  /// An integer within these bounds (XEP-0122).
  struct Range {
    std::int64_t min = 0, max = 0;
  };

  std::string var;
  FieldType type = FieldType::text_single;
  std::vector<std::string> values = {};
  std::string label = {};
  std::vector<Option> options = {};
  bool required = false;
  std::optional<Range> range = {};
};

/// Adds `<x xmlns='jabber:x:data' type=…/>` to `parent`, FORM_TYPE first unless `form_type` is empty. Returns it, so
/// that title and instructions can be added.
xml::Element& add_form(xml::Element& parent, FormType type, std::string_view form_type,
                       const std::vector<FormField>& fields);

}  // namespace xmpp
