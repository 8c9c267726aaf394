#include "muc/avatar.h"

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/base64.h"
#include "base/check.h"
#include "base/hex.h"
#include "muc/ns.h"
#include "muc/room.h"
#include "muc/service.h"
#include "store/unit.h"
#include "xml/writer.h"
#include "xmpp/stored.h"

namespace muc {
namespace {

using xmpp::Condition;

constexpr router::Xep kXep{486, "0.1.0", "MUC Avatars"};
constexpr std::size_t kMostPictures = 8;  // of one avatar

std::string sha1(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  base::check(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1, "SHA-1 works");
  return base::hex(std::span(digest).first(size));
}

/// One per shard; copied into the steps.
struct Avatars {
  Field<bool> has;  ///< whether the store has a vCard of this room, not of an earlier one of its name
  Field<Texts> hashes;

  void get(const Room& room, router::Responder responder) const {
    if (room.affiliation(responder.request().from()) == Affiliation::outcast)
      return responder.error(Condition::forbidden);
    if (!room.get(has)) return responder.error(Condition::item_not_found);
    const Environment& environment = room.environment();
    environment.store.read(
        environment.router.loop(),
        [owner = std::string(room.address().str())](store::Reader& reader) { return reader.vcard(owner); },
        [waiting = std::make_unique<router::Responder>(std::move(responder))](
            const base::Result<std::optional<std::string>>& kept) {
          if (!kept) return waiting->error({Condition::internal_server_error, xmpp::ErrorType::wait});
          const auto vcard = *kept ? xmpp::from_stored(**kept) : std::nullopt;
          if (!vcard) return waiting->error(Condition::item_not_found);
          waiting->result(*vcard);
        });
  }

  void set(Room& room, router::Responder responder) const {
    if (room.affiliation(responder.request().from()) != Affiliation::owner)
      return responder.error({Condition::forbidden, "only owners set the avatar"});
    // The store has nothing of it yet.
    if (room.is_new()) return responder.error({Condition::unexpected_request, "configure the room first"});
    const xml::Element& vcard = responder.payload();
    std::string text = xml::to_string(vcard);
    if (text.size() > room.environment().router.settings().limits().private_bytes)
      return responder.error({Condition::policy_violation, "the vCard is too large"});
    auto made = avatar_hashes(vcard);
    if (!made) return responder.error({Condition::not_acceptable, "a picture is no base64, or there are too many"});
    const bool empty = vcard.first_child() == nullptr;  // 3.2: taken back
    const std::string owner(room.address().str());
    auto unit = base::make_ref<store::Unit>();
    if (empty) {
      unit->add(store::VcardDelete{owner});
    } else {
      unit->add(store::VcardPut{owner, std::move(text)});
    }
    const bool shown_otherwise = *made != room.get(hashes);
    room.change(
        [&] {
          room.set(has, !empty);
          room.set(hashes, *std::move(made));
          room.write(std::move(unit));
          if (shown_otherwise) room.then([&room] { room.notify({104}); });
        },
        [waiting = std::make_unique<router::Responder>(std::move(responder))](const base::Result<void>& done) {
          if (done) return waiting->result();
          waiting->error({Condition::internal_server_error, xmpp::ErrorType::wait});
        });
  }
};

}  // namespace

std::optional<Texts> avatar_hashes(const xml::Element& vcard) {
  Texts hashes;
  for (const xml::Element& photo : xml::children(vcard)) {
    if (!photo.is(ns::vcard, "PHOTO") || photo.child(ns::vcard, "BINVAL") == nullptr) continue;
    std::string text = photo.child_text(ns::vcard, "BINVAL");
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
    const auto bytes = base::from_base64(text);
    if (!bytes || hashes.size() == kMostPictures) return std::nullopt;
    hashes.push_back(sha1(*bytes));
  }
  return hashes;
}

void add_avatar(const Environment& environment) {
  using router::Target;
  Points& points = environment.points;
  const auto has = points.fields.add<bool>({.var = "exedra#vcard", .label = "", .in_form = false});
  const auto hashes = points.fields.add<Texts>({.var = "exedra#avatar_hashes",
                                                .label = "",
                                                .type = xmpp::FieldType::text_multi,
                                                .otherwise = Texts(),
                                                .in_form = false});
  const Avatars avatars{has, hashes};
  router::Registry& registry = environment.registry;
  registry.xep(kXep);
  registry.feature(Target::room_service | Target::room, ns::vcard);
  points.info_form.emplace_back([=](const Room& room, std::vector<xmpp::FormField>& fields) {
    if (room.get(hashes).empty()) return;
    fields.push_back({.var = "muc#roominfo_avatarhash",
                      .type = xmpp::FieldType::text_multi,
                      .values = room.get(hashes),
                      .label = "Avatar hash"});
  });
  Service& service = environment.service;
  const auto on = [&](xmpp::Type type, auto answer) {
    registry.iq(type, Target::room, ns::vcard, "vCard", [&service, answer](router::Responder responder) {
      Room* room = service.room(responder.request().to());
      if (room == nullptr) return responder.error(Condition::item_not_found);
      answer(*room, std::move(responder));
    });
  };
  on(xmpp::Type::get, [avatars](Room& room, router::Responder responder) { avatars.get(room, std::move(responder)); });
  on(xmpp::Type::set, [avatars](Room& room, router::Responder responder) { avatars.set(room, std::move(responder)); });
  // 3.1: clients look at the service to learn whether its rooms have avatars; so it has a vCard too.
  registry.iq(xmpp::Type::get, Target::room_service, ns::vcard, "vCard", [&service](router::Responder responder) {
    xml::Document vcard(ns::vcard, "vCard");
    vcard.root().add_text_child("FN", service.settings(responder.request().to().domain()).name);
    responder.result(vcard);
  });
}

}  // namespace muc
