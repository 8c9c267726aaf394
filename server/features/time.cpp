#include "features/time.h"

#include "xmpp/timestamp.h"

namespace features {
namespace {

constexpr std::string_view kNs = "urn:xmpp:time";

}  // namespace

void add_time(const Environment& environment) {
  environment.registry.xep({202, "2.0", "Entity Time"});
  environment.registry.feature(router::Target::server, kNs);
  environment.registry.iq(xmpp::Type::get, router::Target::server, kNs, "time",
                          [&loop = environment.router.loop()](router::Responder answer) {
                            xml::Document time(kNs, "time");
                            time.root().add_text_child("tzo", "+00:00");
                            time.root().add_text_child("utc", xmpp::format_timestamp(loop.wall()));
                            answer.result(time);
                          });
}

}  // namespace features
