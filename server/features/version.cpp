#include "features/version.h"

namespace features {
namespace {

constexpr std::string_view kNs = "jabber:iq:version";

}  // namespace

void add_version(const Environment& environment) {
  environment.registry.xep({92, "1.1", "Software Version"});
  environment.registry.feature(router::Target::server, kNs);
  environment.registry.iq(xmpp::Type::get, router::Target::server, kNs, "query", [](router::Responder answer) {
    xml::Document query(kNs, "query");
    query.root().add_text_child("name", "Exedra");
    query.root().add_text_child("version", EXEDRA_VERSION);
    answer.result(query);
  });
}

}  // namespace features
