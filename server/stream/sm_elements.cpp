#include "stream/sm_elements.h"

#include "stream/sm.h"
#include "xmpp/ns.h"

namespace stream {
namespace {

namespace ns = xmpp::ns;

constexpr std::size_t kMaxPrevid = 4000;  // XEP-0198 5: none of ours is longer

}  // namespace

SmRequest read_enable(const xml::Element& enable) {
  const std::string_view resume = enable.attr("resume");
  return {.resume = resume == "true" || resume == "1", .max = parse_h(enable.attr("max"))};
}

xml::Document make_enabled(const SmEnabled& enabled) {
  xml::Document made(ns::sm, "enabled");
  if (enabled.id.empty()) return made;
  made.root().set_attr("id", enabled.id).set_attr("resume", "true");
  if (enabled.max != 0) made.root().set_attr("max", std::to_string(enabled.max));
  return made;
}

base::Result<ResumeRequest, xmpp::Condition> read_resume(const xml::Element& resume) {
  const std::string_view previd = resume.attr("previd");
  const auto h = parse_h(resume.attr("h"));
  if (previd.empty() || !h) return std::unexpected(xmpp::Condition::bad_request);
  if (previd.size() > kMaxPrevid) return std::unexpected(xmpp::Condition::item_not_found);
  return ResumeRequest{.account = {}, .previd = std::string(previd), .h = *h};
}

xml::Document make_resumed(std::string_view previd, std::uint32_t h) {
  xml::Document made(ns::sm, "resumed");
  made.root().set_attr("previd", previd).set_attr("h", std::to_string(h));
  return made;
}

xml::Document make_failed(xmpp::Condition condition, std::optional<std::uint32_t> h) {
  xml::Document made(ns::sm, "failed");
  if (h) made.root().set_attr("h", std::to_string(*h));
  made.root().add(to_string(condition), ns::stanza_errors);
  return made;
}

}  // namespace stream
