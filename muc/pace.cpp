#include "muc/pace.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "muc/bucket.h"
#include "muc/room.h"
#include "xml/writer.h"

namespace muc {
namespace {

using xmpp::Kind;

constexpr double kBurst = 2;             // seconds' worth of messages and presence may come at once
constexpr std::size_t kFirstSweep = 64;  // people

struct Buckets {
  Bucket messages, bytes, presences;
};

/// By bare address: whoever leaves and comes again, or with more sessions, gets no more.
class Pace final : public State {
 public:
  Refusal judge(const router::Limits& limits, const router::Packet& packet, bool trusted, base::MonoTime now) {
    sweep(limits, now);
    Buckets& own = people_[packet.from().bare()];
    const bool presence = packet.stanza().kind() == Kind::presence;
    const double rate = presence ? limits.room_presences_per_second : limits.room_messages_per_second;
    Bucket& count = presence ? own.presences : own.messages;
    const auto per_second = static_cast<double>(limits.room_bytes_per_second);
    const auto bytes = static_cast<double>(xml::to_string(packet.stanza().root()).size());
    if ((trusted || count.take(1, rate, kBurst * rate, now)) && own.bytes.take(bytes, per_second, per_second, now))
      return std::nullopt;
    return xmpp::StanzaError(xmpp::Condition::policy_violation, xmpp::ErrorType::wait, "too much at once");
  }

 private:
  /// Forgets those who may send everything again, whenever there are twice as many as stayed the last time.
  void sweep(const router::Limits& limits, base::MonoTime now) {
    if (people_.size() < sweep_at_) return;
    const double messages = limits.room_messages_per_second, presences = limits.room_presences_per_second;
    const auto bytes = static_cast<double>(limits.room_bytes_per_second);
    std::erase_if(people_, [&](const auto& one) {
      const Buckets& own = one.second;
      return own.messages.is_full(messages, kBurst * messages, now) && own.bytes.is_full(bytes, bytes, now) &&
             own.presences.is_full(presences, kBurst * presences, now);
    });
    sweep_at_ = std::max(kFirstSweep, 2 * people_.size());
  }

  std::unordered_map<xmpp::Jid, Buckets> people_;
  std::size_t sweep_at_ = kFirstSweep;
};

}  // namespace

void add_pace(const Environment& environment) {
  Points& points = environment.points;
  const auto judge = [slot = points.room_slot(), &router = environment.router](Room& room, const router::Packet& packet,
                                                                               Affiliation affiliation) {
    std::unique_ptr<State>& state = room.slot(slot);
    if (!state) state = std::make_unique<Pace>();
    // Those who run the room may be quick, but not fill everybody's queues.
    const bool trusted = affiliation >= Affiliation::admin;
    return static_cast<Pace&>(*state).judge(router.settings().limits(), packet, trusted, router.loop().now());
  };
  points.join.emplace_back([judge](Join& join) { return judge(join.room, join.presence, join.affiliation); });
  points.arrived.emplace_back([judge](Room& room, const Occupant& occupant, const router::Packet& packet) {
    return judge(room, packet, occupant.affiliation);
  });
}

}  // namespace muc
