#include "muc/unique.h"

#include <array>
#include <span>
#include <string>

#include "base/hex.h"
#include "xml/element.h"

namespace muc {
namespace {

constexpr router::Xep kXep{307, "0.1", "Unique Room Names for Multi-User Chat"};
constexpr std::string_view kUnique = "http://jabber.org/protocol/muc#unique";

/// Hexadecimal, because a local part has no case.
std::string make_name(base::Random& random) {
  std::array<unsigned char, 16> bytes{};
  random.fill(std::as_writable_bytes(std::span(bytes)));
  return base::hex(bytes);
}

}  // namespace

// 2: nothing is reserved, since nobody else is going to hit upon the name.
void add_unique(const Environment& environment) {
  environment.registry.xep(kXep);
  environment.registry.feature(router::Target::room_service, kUnique);
  environment.registry.iq(xmpp::Type::get, router::Target::room_service, kUnique, "unique",
                          [&random = environment.random](router::Responder responder) {
                            xml::Document unique(kUnique, "unique");
                            unique.root().add_text(make_name(random));
                            responder.result(unique);
                          });
}

}  // namespace muc
