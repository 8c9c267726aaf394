// What can be configured of a room. Behaviours bring the fields, rooms hold the values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "router/settings.h"
#include "xmpp/data_form.h"
#include "xmpp/error.h"

namespace muc {

using Texts = std::vector<std::string>;
using Value = std::variant<bool, std::string, Texts>;

/// One field of the configuration form (XEP-0045 16.5.3), or a value of a room's own that no form shows.
struct FieldSpec {
  std::string_view var;
  std::string_view label;
  xmpp::FieldType type = xmpp::FieldType::boolean;
  Value otherwise = false;                              ///< of a new room
  std::vector<xmpp::FormField::Option> options = {};    ///< of a list; a value must be one of them
  std::function<bool(const Value&)> accepts = nullptr;  ///< further conditions; refused is not-acceptable (10.1.3)
  std::function<Value(const router::RoomService&)> of_service = nullptr;  ///< instead of `otherwise`
  std::optional<xmpp::FormField::Range> range = {};                       ///< of a text that is an integer
  bool in_form = true;
  bool others = false;  ///< a list has other values beside its options, if `accepts` takes them
};

/// Names a field of type T among a room's values.
template <class T>
struct Field {
  std::size_t index = 0;
};

/// All fields, filled at start. One per shard.
class Fields {
 public:
  /// `spec.otherwise` holds a T.
  template <class T>
  Field<T> add(const FieldSpec& spec) {
    base::check(std::holds_alternative<T>(spec.otherwise), "a field's default is of its type");
    return {put(spec)};
  }
  /// One that another behaviour has added before.
  template <class T>
  Field<T> find(std::string_view var) const {
    const auto found = std::ranges::find(specs_, var, &FieldSpec::var);
    base::check(found != specs_.end() && std::holds_alternative<T>(found->otherwise), "there is such a field");
    return {static_cast<std::size_t>(found - specs_.begin())};
  }
  const std::vector<FieldSpec>& specs() const { return specs_; }
  std::vector<Value> defaults(const router::RoomService& service) const;

  /// The form with these values (10.1.3, 10.2), and `more` behind them.
  void add_form(xml::Element& query, const std::vector<Value>& values,
                const std::vector<xmpp::FormField>& more = {}) const;
  /// The values with what a submitted form changes; fields it leaves out stay as they are, unknown ones are ignored.
  base::Result<std::vector<Value>, xmpp::StanzaError> submitted(const xmpp::DataForm& form,
                                                                std::vector<Value> values) const;
  /// How much an owner has set.
  std::size_t form_bytes(const std::vector<Value>& values) const;
  /// As the store keeps them, and back; what is unknown or no longer fits is the default.
  std::string to_text(const std::vector<Value>& values) const;
  std::vector<Value> from_text(std::string_view text, std::vector<Value> defaults) const;

 private:
  std::size_t put(const FieldSpec& spec);
  std::vector<FieldSpec> specs_;
};

}  // namespace muc
