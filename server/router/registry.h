// Which handler owns which iq, and which features are therefore advertised. Filled at start from one visible
// list of registrations, frozen before the first packet.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "router/packet.h"
#include "router/router.h"

namespace router {

/// Whom an iq is addressed to. A handler names the targets it answers for; the bits may be joined.
enum class Target : std::uint8_t {
  server = 1,        ///< the host's own address, `example.org`
  account = 2,       ///< a local account's bare address, answered on its behalf (RFC 6121 8.5.2.1.3)
  room_service = 4,  ///< where rooms are, `conference.example.org`
  room = 8,          ///< a room's bare address
  proxy = 16,        ///< the file transfer proxy, `proxy.example.org`
  uploads = 32,      ///< where slots for files are given, `upload.example.org`
};
constexpr Target operator|(Target a, Target b) {
  return static_cast<Target>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
constexpr bool covers(Target set, Target one) {
  return (static_cast<std::uint8_t>(set) & static_cast<std::uint8_t>(one)) != 0;
}

/// Answers one request exactly once, now or later, on the shard that received it. Dropping it unused answers
/// internal-server-error, so that no request is left hanging.
class Responder {
 public:
  Responder(Router& router, PacketRef request) : router_(&router), request_(std::move(request)) {}
  Responder(Responder&& other) noexcept = default;
  Responder& operator=(Responder&&) = delete;
  ~Responder();

  /// Sends `<iq type='result'/>`, with `payload` as its child unless empty.
  void result(const xml::Document& payload = {});
  /// Sends a result that the caller built with xmpp::make_result.
  void reply(xml::Document iq);
  void error(const xmpp::StanzaError& error);
  /// With what an application says of it behind the condition and its text.
  void error(const xmpp::StanzaError& error, const xml::Document& detail);

  const Packet& request() const { return *request_; }
  /// The request's payload element: what the handler was registered for.
  const xml::Element& payload() const { return *request_->stanza().payload(); }

 private:
  Router* router_;
  PacketRef request_;  // empty once answered
};

using IqHandler = std::function<void(Responder)>;
/// Whether a host has something switched on.
using HostCondition = bool (*)(const HostSettings&);

/// A XEP as data: feeds disco and docs/xeps.md.
struct Xep {
  int number;
  std::string_view version;
  std::string_view name;
};

/// An ad-hoc command of a host (XEP-0050), complete in one step (router/command.h).
struct HostCommand {
  std::string_view node, name;
  std::function<bool(const HostSettings&, const xmpp::Jid& who)> may;  ///< run it, and know of it
  IqHandler run;
};

/// One per shard, filled alike on each. This shard's thread only.
class Registry {
 public:
  /// An iq key has exactly one owner: a second registration of (type, target, namespace, name) aborts.
  void iq(xmpp::Type type, Target targets, std::string_view ns, std::string_view name, IqHandler handler);
  /// A disco#info feature that these targets advertise, on hosts for which `when` says so. Repeating one is harmless.
  void feature(Target targets, std::string_view var, HostCondition when = nullptr);
  /// Adds a form of extended information (XEP-0128) to a host's own disco#info.
  void disco_form(std::function<void(const HostSettings&, xml::Element& query)> add);
  void command(HostCommand command);
  void xep(const Xep& xep) { xeps_.push_back(xep); }
  /// An element of `<stream:features/>` after login, such as `<ver xmlns='…'/>`, as the client will read it.
  void stream_feature(std::string_view xml);
  /// The same for one that differs from host to host; called for each stream, so it should be cheap.
  void stream_feature(std::function<std::string(const HostSettings&)> make);
  /// A feature that may be enabled inside Bind 2's `<bind/>` (XEP-0386 3), by its namespace.
  void bind2_feature(std::string_view ns);
  /// Sorts the tables; nothing can be registered afterwards.
  void freeze();

  /// Hands an iq get or set to its owner, or answers service-unavailable (RFC 6120 8.4): the one place that does.
  void handle(Router& router, Target target, PacketRef request) const;
  bool owns(xmpp::Type type, Target target, std::string_view ns, std::string_view name) const;
  /// The advertised features of a target on any host, sorted.
  std::vector<std::string_view> features(Target target) const;
  std::vector<std::string_view> features(Target target, const HostSettings& host) const;
  void add_disco_forms(const HostSettings& host, xml::Element& query) const;
  const std::vector<HostCommand>& commands() const { return commands_; }
  const std::vector<Xep>& xeps() const { return xeps_; }
  /// In the order registered.
  const std::vector<std::string_view>& stream_features() const { return stream_features_; }
  const std::vector<std::string_view>& bind2_features() const { return bind2_features_; }
  /// All that `<stream:features/>` offers after login on this host, as text.
  std::string stream_features(const HostSettings& host) const;

 private:
  struct Entry {
    std::string_view ns, name;
    xmpp::Type type;
    Target target;  // exactly one bit
    std::size_t handler;
  };
  struct Feature {
    std::string_view var;
    Target targets;
    HostCondition when;
  };
  std::vector<std::string_view> features(Target target, const HostSettings* host) const;
  const Entry* find(xmpp::Type type, Target target, std::string_view ns, std::string_view name) const;

  std::vector<Entry> entries_;
  std::vector<IqHandler> handlers_;
  std::vector<Feature> features_;
  std::vector<HostCommand> commands_;
  std::vector<Xep> xeps_;
  std::vector<std::string_view> stream_features_;
  std::vector<std::function<std::string(const HostSettings&)>> made_stream_features_;
  std::vector<std::string_view> bind2_features_;
  std::vector<std::function<void(const HostSettings&, xml::Element&)>> disco_forms_;
  bool frozen_ = false;
};

}  // namespace router
