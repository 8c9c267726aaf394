#include "features/archive_query.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "features/archive_state.h"
#include "xmpp/data_form.h"
#include "xmpp/ns.h"
#include "xmpp/result_set.h"
#include "xmpp/timestamp.h"

namespace features::archive {
namespace {

using namespace std::string_view_literals;
using xmpp::Condition;

template <class T>
using Read = base::Result<T, xmpp::StanzaError>;

constexpr std::array kFields{"FORM_TYPE"sv, "with"sv,     "start"sv, "end"sv,
                             "before-id"sv, "after-id"sv, "ids"sv,   "include-groupchat"sv};
constexpr std::string_view kValidate = "http://jabber.org/protocol/xdata-validate";  // XEP-0122

std::unexpected<xmpp::StanzaError> refuse(Condition condition, std::string why = {}) {
  return std::unexpected(xmpp::StanzaError(condition, std::move(why)));
}

Read<std::int64_t> known_id(Query& query, std::string_view text) {
  const auto id = from_wire(text);
  if (!id) return refuse(Condition::item_not_found);
  query.must_exist.push_back(*id);
  return *id;
}

Read<std::optional<std::int64_t>> id_field(Query& query, const xmpp::DataForm& form, std::string_view var) {
  const auto text = form.value(var);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  auto id = known_id(query, **text);
  if (!id) return std::unexpected(id.error());
  return *id;
}

Read<std::optional<base::WallTime>> time_field(const xmpp::DataForm& form, std::string_view var) {
  const auto text = form.value(var);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  const auto time = xmpp::parse_timestamp(**text);
  if (!time) return refuse(Condition::bad_request, std::string(var) + " is no date and time (XEP-0082)");
  return time;
}

Read<void> read_ids(Query& query, const xmpp::DataForm& form, std::size_t most) {
  if (!form.has("ids")) return {};
  const auto values = form.values("ids");
  if (values.size() > most) return refuse(Condition::bad_request, "too many ids");
  query.match.ids.emplace();
  for (const std::string& value : values) {
    const auto id = known_id(query, value);
    if (!id) return std::unexpected(id.error());
    query.match.ids->push_back(*id);
  }
  return {};
}

bool is_known(const xmpp::DataForm::Field& field) { return std::ranges::find(kFields, field.var) != kFields.end(); }

Read<void> read_form(Query& query, const xml::Element& x, std::size_t most_ids) {
  const auto form = xmpp::DataForm::parse(x);
  if (!form) return std::unexpected(form.error());
  if (form->type() != xmpp::FormType::submit || form->form_type() != kNamespace) {
    return refuse(Condition::bad_request, "a query is a submitted form of its own FORM_TYPE");
  }
  if (!std::ranges::all_of(form->fields(), is_known)) return refuse(Condition::feature_not_implemented);
  const auto with = form->jid("with");
  const auto start = time_field(*form, "start"), end = time_field(*form, "end");
  const auto after = id_field(query, *form, "after-id"), before = id_field(query, *form, "before-id");
  // Rooms keep their own archives: nothing of type groupchat is here, whichever is asked for (4.1.4).
  const auto groupchat = form->boolean("include-groupchat");
  if (!with) return std::unexpected(with.error());
  if (!start) return std::unexpected(start.error());
  if (!end) return std::unexpected(end.error());
  if (!after) return std::unexpected(after.error());
  if (!before) return std::unexpected(before.error());
  if (!groupchat) return std::unexpected(groupchat.error());
  if (*with) query.match.with = std::string((*with)->str());
  query.match.start = *start;
  query.match.end = *end;
  query.match.after = *after;
  query.match.before = *before;
  return read_ids(query, *form, most_ids);
}

/// Two pages at a time are half of what a client may leave unacknowledged (Pace).
std::size_t most_results(const router::Limits& limits) {
  return std::min(limits.archive_page, std::max(1U, limits.sm_queue_stanzas / 4));
}

/// The page asked for, within what the form lets through.
Read<void> read_page(Query& query, const xml::Element* set, std::size_t most) {
  store::ArchiveQuery& match = query.match;
  // The store counts without regard to ids, and a client that pages on was told the count already: scan but once.
  match.count = !match.after && !match.before;
  match.max = most;
  if (set == nullptr) return {};
  const auto page = xmpp::PageRequest::parse(*set);
  if (!page) return std::unexpected(page.error());
  if (page->index) return refuse(Condition::feature_not_implemented);
  match.max = std::min<std::size_t>(page->max.value_or(std::numeric_limits<std::uint32_t>::max()), most);
  match.backwards = page->before.has_value();
  if (page->after) {
    const auto id = known_id(query, *page->after);
    if (!id) return std::unexpected(id.error());
    match.after = std::max(match.after.value_or(*id), *id);
    match.count = false;
  }
  if (page->before && !page->before->empty()) {
    const auto id = known_id(query, *page->before);
    if (!id) return std::unexpected(id.error());
    match.before = std::min(match.before.value_or(*id), *id);
    match.count = false;
  }
  return {};
}

}  // namespace

Read<Query> read_query(const xml::Element& element, const router::Limits& limits) {
  // A node names a pubsub archive (6.1.3); an account has none.
  if (!element.attr("node").empty()) return refuse(Condition::item_not_found);
  const std::size_t most = most_results(limits);
  Query query;
  query.queryid = std::string(element.attr("queryid"));
  query.flip = element.child(kNamespace, "flip-page") != nullptr;
  if (const xml::Element* x = element.child(xmpp::ns::data_forms, "x")) {
    if (auto read = read_form(query, *x, most); !read) return std::unexpected(read.error());
  }
  if (auto read = read_page(query, element.child(xmpp::ns::rsm, "set"), most); !read) {
    return std::unexpected(read.error());
  }
  return query;
}

xml::Document describe_query() {
  using xmpp::FieldType;
  xml::Document document(kNamespace, "query");
  xml::Element& form = xmpp::add_form(document.root(), xmpp::FormType::form, kNamespace,
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

}  // namespace features::archive
