#include "features/caps.h"

#include <map>
#include <string>

#include "features/disco_info.h"
#include "xml/writer.h"

namespace features {
namespace {

constexpr router::Xep kCaps{115, "1.6.0", "Entity Capabilities"};
constexpr std::string_view kNamespace = "http://jabber.org/protocol/caps";

/// The stream features of each host under the settings in force; made once, because every stream asks.
class Announcements {
 public:
  explicit Announcements(const Environment& environment)
      : router_(environment.router), registry_(environment.registry) {}

  std::string operator()(const router::HostSettings& host) {
    if (!(settings_ == router_.share_settings())) {
      settings_ = router_.share_settings();
      made_.clear();
    }
    std::string& text = made_[std::string(host.domain.str())];
    if (text.empty()) text = make(host);
    return text;
  }

 private:
  std::string make(const router::HostSettings& host) const {
    xml::Document c(kNamespace, "c");
    c.root()
        .set_attr("hash", "sha-1")
        .set_attr("node", caps_node(host))
        .set_attr("ver", verification_string(server_info(registry_, host).root()));
    return xml::to_string(c.root());
  }

  const router::Router& router_;
  const router::Registry& registry_;
  router::SettingsRef settings_;
  std::map<std::string, std::string> made_;
};

}  // namespace

void add_caps(const Environment& environment) {
  environment.registry.xep(kCaps);
  environment.registry.feature(router::Target::server, kNamespace);
  environment.registry.stream_feature(Announcements(environment));
}

}  // namespace features
