// What an operator may change while the server runs, as one immutable value. Each shard holds one and swaps it
// between two turns; reading it needs no lock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "xmpp/jid.h"

namespace router {

/// How much of an archive is kept; 0 in any of them: all. What is too old, too many or too much goes, the oldest first.
struct Retention {
  std::chrono::days days{0};
  std::uint32_t messages = 0;
  std::uint64_t bytes = 0;  ///< of stanzas as they are stored

  bool keeps_all() const { return days.count() == 0 && messages == 0 && bytes == 0; }
  bool operator==(const Retention&) const = default;
};
/// What satisfies both.
Retention stricter(const Retention& one, const Retention& other);

/// Accounts of a host whose archives are kept otherwise.
struct AccountClass {
  std::string name;
  std::vector<std::string> accounts;  ///< local parts
  std::vector<std::string> prefixes;  ///< of local parts
  Retention retention;
};

/// One virtual host's switches.
struct HostSettings {
  xmpp::Jid domain;
  bool archive = true;                ///< keep messages of accounts (XEP-0313)
  Retention retention;                ///< how much of them
  std::vector<AccountClass> classes;  ///< the first that an account is in counts instead
  bool registration = false;          ///< accounts may be made in band (XEP-0077)
  std::uint32_t offline_max_messages = 500;
  std::vector<std::string> admin_contacts;  ///< URIs (XEP-0157)
  xmpp::Jid rooms;                          ///< its room service's address; empty: none
  bool meetings = false;                    ///< its accounts may have links of online meetings (XEP-0483)

  const Retention& retention_of(std::string_view local) const;
};

/// What rooms may hold, and be sent. Of the server, and of each service, which counts for its rooms.
struct RoomLimits {
  std::uint32_t room_occupants = 1000;  ///< most sessions in a room
  std::uint32_t rooms_per_owner = 100;
  std::uint32_t room_affiliations = 10000;
  std::uint32_t room_messages_per_second = 20;  ///< this and the next two: what one occupant may send
  std::size_t room_bytes_per_second = 64 * 1024;
  std::uint32_t room_presences_per_second = 10;
  std::uint32_t room_total_messages_per_second = 0;  ///< this and the next two: what all of a room may send; 0: any
  std::size_t room_total_bytes_per_second = 0;
  std::uint32_t room_total_presences_per_second = 0;

  bool operator==(const RoomLimits&) const = default;
};

/// Who may make rooms: everybody, accounts of this server, the service's administrators.
enum class MayCreate : std::uint8_t { anyone, local, admins };

/// One room service (XEP-0045) on its own address.
struct RoomService {
  xmpp::Jid domain;
  std::string name = "Rooms";  ///< shown by service discovery
  MayCreate create = MayCreate::local;
  std::vector<xmpp::Jid> admins;     ///< bare; own every room
  bool persistent = false;           ///< default of a new room
  bool archive = true;               ///< rooms keep what is said (default of a new room)
  Retention retention;               ///< how much of it; a room may keep less
  std::uint32_t history = 20;        ///< messages a newcomer is sent unless the room says otherwise
  std::uint32_t presence_limit = 0;  ///< with more occupants, a new room sends presence on demand; 0: never
  bool meetings = false;             ///< rooms may have online meetings (XEP-0483)
  std::uint32_t occupants = 0;  ///< most in a new room, unless its owners say otherwise; 0: as many as `limits` lets
  RoomLimits limits = {};
};

/// Bounds of what one account, session or connection may hold; every queue and wait of the components is here. What it
/// says of rooms is for services that say nothing of their own (RoomService::limits).
struct Limits : RoomLimits {
  // a connection before login
  std::size_t login_max_stanza_bytes = 16 * 1024;
  std::uint32_t login_max_depth = 64;
  std::uint32_t max_connections_per_address = 500;
  std::uint32_t max_unauthenticated = 20000;  ///< connections in all; the oldest is dropped first
  std::uint32_t failed_logins_per_minute = 30;
  std::uint32_t registrations_per_hour = 5;  ///< per address
  std::chrono::seconds tls_handshake{10};
  std::chrono::seconds stream_header{30};
  std::chrono::seconds login{60};
  std::chrono::seconds close{5};
  std::chrono::milliseconds credentials{3000};
  // a bound session
  std::size_t max_stanza_bytes = 256 * 1024;
  std::uint32_t max_depth = 256;
  std::uint32_t window_stanzas = 256;  ///< inbound stanzas not yet complete; beyond, the socket is not read
  std::size_t window_bytes = 1024 * 1024;
  std::uint32_t under_way_stanzas = 10000;  ///< the same of all clients; beyond, each is read one stanza at a time
  std::uint32_t sm_queue_stanzas = 5000;    ///< sent and not acknowledged (XEP-0198)
  std::size_t sm_queue_bytes = 4 * 1024 * 1024;
  std::chrono::seconds sm_answer{60};              ///< from <r/> to <a/>; then the connection is taken for lost
  std::size_t out_queue_bytes = 16 * 1024 * 1024;  ///< bytes a socket has not taken yet; a resumption sends all at once
  std::chrono::seconds hibernation{600};
  std::uint32_t hibernated_per_account = 10;
  std::uint32_t hibernated_per_server = 20000;
  std::uint32_t sessions_per_account = 100;
  // an account
  std::uint32_t account_queue_packets = 1000;  ///< packets that wait while its state loads or an offline drain runs
  std::chrono::seconds account_load{5};        ///< also the longest that an AccountHold makes packets wait
  std::chrono::seconds account_idle{60};       ///< without session or packet it leaves the memory afterwards
  std::uint32_t roster_items = 5000;
  std::uint32_t blocked_addresses = 1000;
  std::uint32_t directed_presences = 1000;        ///< per session
  std::size_t private_bytes = 128 * 1024;         ///< one element of private storage, one vCard
  std::size_t private_total_bytes = 1024 * 1024;  ///< all of an account's private storage
  std::uint32_t archive_page = 250;               ///< most results of one archive query
  std::size_t archive_page_bytes = 1024 * 1024;   ///< stanzas of one page; the first is sent whatever its size
  std::uint32_t archive_prefs = 1000;             ///< addresses in archiving preferences (XEP-0441)
  std::uint32_t csi_stanzas = 500;                ///< held back for an inactive client (XEP-0352)
  std::size_t offline_bytes = 1024 * 1024;        ///< offline messages sent to a client and not acknowledged
  // a room
  std::uint32_t room_history = 500;           ///< most messages a newcomer is sent, whatever it asks for
  std::chrono::seconds room_idle{600};        ///< a room nobody is in leaves the memory afterwards
  std::size_t room_config_bytes = 16 * 1024;  ///< of a room's configuration
  std::chrono::seconds room_ping{900};        ///< a silent occupant is asked after so long whether it is still there
  std::chrono::seconds room_ping_answer{60};  ///< for its answer; then it is taken for gone
  std::chrono::seconds room_meeting{10};      ///< for the token service to answer a room (XEP-0483)
};

class Settings final : public base::RefCounted {
 public:
  Settings(std::vector<HostSettings> hosts, Limits limits, std::vector<RoomService> rooms = {},
           std::vector<xmpp::Jid> services = {});

  /// By prepared domain; null for a domain that is not ours.
  const HostSettings* host(std::string_view domain) const;
  /// The first host, where there are clients: whose name an error is sent from when a client named none.
  const HostSettings& first() const { return hosts_.front(); }
  const std::vector<HostSettings>& hosts() const { return hosts_; }
  /// By prepared domain; null where there is none, also for the empty address of a host without rooms.
  const RoomService* room_service(std::string_view domain) const;
  const std::vector<RoomService>& room_services() const { return rooms_; }
  /// What all hosts have in common: the file transfer proxy (XEP-0065), uploads (XEP-0363).
  const std::vector<xmpp::Jid>& services() const { return services_; }
  const Limits& limits() const { return limits_; }

 private:
  using ByDomain = std::map<std::string, std::size_t, std::less<>>;

  std::vector<HostSettings> hosts_;
  ByDomain hosts_by_domain_;
  std::vector<RoomService> rooms_;
  ByDomain rooms_by_domain_;
  std::vector<xmpp::Jid> services_;
  Limits limits_;
};
using SettingsRef = base::Ref<const Settings>;

}  // namespace router
