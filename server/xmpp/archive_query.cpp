#include "xmpp/archive_query.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "xmpp/archive_id.h"
#include "xmpp/data_form.h"
#include "xmpp/ns.h"
#include "xmpp/result_set.h"
#include "xmpp/timestamp.h"

namespace xmpp {
namespace {

using namespace std::string_view_literals;

template <class T>
using Read = base::Result<T, StanzaError>;

constexpr std::array kFields{"FORM_TYPE"sv, "with"sv,     "start"sv, "end"sv,
                             "before-id"sv, "after-id"sv, "ids"sv,   "include-groupchat"sv};
constexpr std::string_view kValidate = "http://jabber.org/protocol/xdata-validate";  // XEP-0122

std::unexpected<StanzaError> refuse(Condition condition, std::string why = {}) {
  return std::unexpected(StanzaError(condition, std::move(why)));
}

Read<std::int64_t> known_id(ArchiveQuery& query, std::string_view text) {
  const auto id = parse_archive_id(text);
  if (!id) return refuse(Condition::item_not_found);
  query.must_exist.push_back(*id);
  return *id;
}

Read<std::optional<std::int64_t>> id_field(ArchiveQuery& query, const DataForm& form, std::string_view var) {
  const auto text = form.value(var);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  auto id = known_id(query, **text);
  if (!id) return std::unexpected(id.error());
  return *id;
}

Read<std::optional<base::WallTime>> time_field(const DataForm& form, std::string_view var) {
  const auto text = form.value(var);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  const auto time = parse_timestamp(**text);
  if (!time) return refuse(Condition::bad_request, std::string(var) + " is no date and time (XEP-0082)");
  return time;
}

Read<void> read_ids(ArchiveQuery& query, const DataForm& form, std::size_t most) {
  if (!form.has("ids")) return {};
  const auto values = form.values("ids");
  if (values.size() > most) return refuse(Condition::bad_request, "too many ids");
  query.ids.emplace();
  for (const std::string& value : values) {
    const auto id = known_id(query, value);
    if (!id) return std::unexpected(id.error());
    query.ids->push_back(*id);
  }
  return {};
}

bool is_known(const DataForm::Field& field) { return std::ranges::find(kFields, field.var) != kFields.end(); }

Read<void> read_form(ArchiveQuery& query, const xml::Element& x, std::size_t most_ids) {
  const auto form = DataForm::parse(x);
  if (!form) return std::unexpected(form.error());
  if (form->type() != FormType::submit || form->form_type() != ns::mam) {
    return refuse(Condition::bad_request, "a query is a submitted form of its own FORM_TYPE");
  }
  if (!std::ranges::all_of(form->fields(), is_known)) return refuse(Condition::feature_not_implemented);
  const auto with = form->jid("with");
  const auto start = time_field(*form, "start"), end = time_field(*form, "end");
  const auto after = id_field(query, *form, "after-id"), before = id_field(query, *form, "before-id");
  // Rooms keep their own archives: an account's has nothing of type groupchat, a room's nothing else (4.1.4).
  const auto groupchat = form->boolean("include-groupchat");
  if (!with) return std::unexpected(with.error());
  if (!start) return std::unexpected(start.error());
  if (!end) return std::unexpected(end.error());
  if (!after) return std::unexpected(after.error());
  if (!before) return std::unexpected(before.error());
  if (!groupchat) return std::unexpected(groupchat.error());
  if (*with) query.with = std::string((*with)->str());
  query.start = *start;
  query.end = *end;
  query.after = *after;
  query.before = *before;
  return read_ids(query, *form, most_ids);
}

/// The page asked for, within what the form lets through.
Read<void> read_page(ArchiveQuery& query, const xml::Element* set, std::size_t most) {
  // The store counts without regard to ids, and a client that pages on was told the count already: scan but once.
  query.count = !query.after && !query.before;
  query.max = most;
  if (set == nullptr) return {};
  const auto page = PageRequest::parse(*set);
  if (!page) return std::unexpected(page.error());
  if (page->index) return refuse(Condition::feature_not_implemented);
  query.max = std::min<std::size_t>(page->max.value_or(std::numeric_limits<std::uint32_t>::max()), most);
  query.backwards = page->before.has_value();
  if (page->after) {
    const auto id = known_id(query, *page->after);
    if (!id) return std::unexpected(id.error());
    query.after = std::max(query.after.value_or(*id), *id);
    query.count = false;
  }
  if (page->before && !page->before->empty()) {
    const auto id = known_id(query, *page->before);
    if (!id) return std::unexpected(id.error());
    query.before = std::min(query.before.value_or(*id), *id);
    query.count = false;
  }
  return {};
}

}  // namespace

Read<ArchiveQuery> read_archive_query(const xml::Element& element, std::size_t most) {
  // A node names a pubsub archive (6.1.3); an account has none.
  if (!element.attr("node").empty()) return refuse(Condition::item_not_found);
  ArchiveQuery query;
  query.queryid = std::string(element.attr("queryid"));
  query.flip = element.child(ns::mam, "flip-page") != nullptr;
  if (const xml::Element* x = element.child(ns::data_forms, "x")) {
    if (auto read = read_form(query, *x, most); !read) return std::unexpected(read.error());
  }
  if (auto read = read_page(query, element.child(ns::rsm, "set"), most); !read) {
    return std::unexpected(read.error());
  }
  return query;
}

xml::Document describe_archive_query() {
  xml::Document document(ns::mam, "query");
  xml::Element& form = add_form(document.root(), FormType::form, ns::mam,
                                {{.var = "with", .type = FieldType::jid_single},
                                 {.var = "start"},
                                 {.var = "end"},
                                 {.var = "before-id"},
                                 {.var = "after-id"},
                                 {.var = "include-groupchat", .type = FieldType::boolean}});
  xml::Element& ids = form.add("field").set_attr("var", "ids").set_attr("type", "list-multi");
  ids.add("validate", kValidate).set_attr("datatype", "xs:string").add("open");
  return document;
}

}  // namespace xmpp
