#include "xmpp/result_set.h"

#include <charconv>
#include <limits>
#include <string_view>
#include <utility>

#include "xmpp/ns.h"

namespace xmpp {
namespace {

std::unexpected<StanzaError> refuse(std::string why) {
  return std::unexpected(StanzaError(Condition::bad_request, std::move(why)));
}

std::optional<std::string> text_of(const xml::Element& set, std::string_view name) {
  const xml::Element* child = set.child(ns::rsm, name);
  return child == nullptr ? std::nullopt : std::optional(child->text());
}

base::Result<std::optional<std::uint32_t>, StanzaError> number_of(const xml::Element& set, std::string_view name) {
  const auto text = text_of(set, name);
  if (!text) return std::nullopt;
  std::uint32_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, why] = std::from_chars(text->data(), end, number);
  if (stop != end || text->empty() || why == std::errc::invalid_argument) {
    return refuse(std::string(name) + " is a whole number from 0 on");
  }
  // A peer that wants more than there can be wants all of it.
  if (why == std::errc::result_out_of_range) return std::numeric_limits<std::uint32_t>::max();
  return number;
}

}  // namespace

base::Result<PageRequest, StanzaError> PageRequest::parse(const xml::Element& set) {
  PageRequest request;
  const auto max = number_of(set, "max");
  if (!max) return std::unexpected(max.error());
  const auto index = number_of(set, "index");
  if (!index) return std::unexpected(index.error());
  request.max = *max;
  request.index = *index;
  request.after = text_of(set, "after");
  request.before = text_of(set, "before");
  if (request.after && request.after->empty()) return refuse("after names an item");
  // 2.2, 2.3 and 2.6 are ways to say where a page begins; together they say nothing.
  if (request.after.has_value() + request.before.has_value() + request.index.has_value() > 1) {
    return refuse("one of after, before and index");
  }
  return request;
}

void add_page_answer(xml::Element& parent, const PageAnswer& answer) {
  xml::Element& set = parent.add("set", ns::rsm);
  if (answer.first) {
    xml::Element& first = set.add("first").add_text(*answer.first);
    if (answer.first_index) first.set_attr("index", std::to_string(*answer.first_index));
  }
  if (answer.last) set.add_text_child("last", *answer.last);
  if (answer.count) set.add_text_child("count", std::to_string(*answer.count));
}

}  // namespace xmpp
