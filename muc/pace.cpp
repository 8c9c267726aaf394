#include "muc/pace.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "muc/bucket.h"
#include "muc/room.h"
#include "xml/writer.h"

namespace muc {
namespace {

using xmpp::Condition;
using xmpp::ErrorType;
using xmpp::Kind;

constexpr double kBurst = 2;             // seconds' worth of messages and presence may come at once
constexpr std::size_t kFirstSweep = 64;  // people

/// Of each: what may come in a second (0: any), or what has come.
struct Amounts {
  double messages = 0, presences = 0, bytes = 0;
};

class Buckets {
 public:
  bool have(const Amounts& amounts, const Amounts& rates, base::MonoTime now) const {
    return has(messages_, amounts.messages, rates.messages, kBurst, now) &&
           has(presences_, amounts.presences, rates.presences, kBurst, now) &&
           has(bytes_, amounts.bytes, rates.bytes, 1, now);
  }
  void take(const Amounts& amounts, const Amounts& rates, base::MonoTime now) {
    take(messages_, amounts.messages, rates.messages, kBurst, now);
    take(presences_, amounts.presences, rates.presences, kBurst, now);
    take(bytes_, amounts.bytes, rates.bytes, 1, now);
  }
  bool are_full(const Amounts& rates, base::MonoTime now) const {
    return messages_.is_full(rates.messages, kBurst * rates.messages, now) &&
           presences_.is_full(rates.presences, kBurst * rates.presences, now) &&
           bytes_.is_full(rates.bytes, rates.bytes, now);
  }

 private:
  static bool has(const Bucket& bucket, double amount, double rate, double seconds, base::MonoTime now) {
    return amount == 0 || rate == 0 || bucket.has(amount, rate, seconds * rate, now);
  }
  static void take(Bucket& bucket, double amount, double rate, double seconds, base::MonoTime now) {
    if (amount > 0 && rate > 0) bucket.take(amount, rate, seconds * rate, now);
  }

  Bucket messages_, presences_, bytes_;
};

Amounts rates_of_one(const router::RoomLimits& limits) {
  return {.messages = static_cast<double>(limits.room_messages_per_second),
          .presences = static_cast<double>(limits.room_presences_per_second),
          .bytes = static_cast<double>(limits.room_bytes_per_second)};
}

Amounts rates_of_all(const router::RoomLimits& limits) {
  return {.messages = static_cast<double>(limits.room_total_messages_per_second),
          .presences = static_cast<double>(limits.room_total_presences_per_second),
          .bytes = static_cast<double>(limits.room_total_bytes_per_second)};
}

/// Those who run the room may be quick, but not fill everybody's queues.
Amounts amounts_of_one(const router::Packet& packet, bool trusted) {
  const bool presence = packet.stanza().kind() == Kind::presence;
  return {.messages = presence || trusted ? 0.0 : 1.0,
          .presences = presence && !trusted ? 1.0 : 0.0,
          .bytes = static_cast<double>(xml::to_string(packet.stanza().root()).size())};
}

/// Of what the room has to pass on; a request goes to one, a probe to nobody.
Amounts amounts_of_all(const router::Packet& packet, const Amounts& of_one) {
  Amounts amounts = of_one;
  if (packet.stanza().kind() == Kind::iq) amounts.messages = 0;
  if (packet.stanza().type() == xmpp::Type::probe) amounts.presences = 0;
  return amounts;
}

/// Each person by bare address (whoever leaves and comes again, or with more sessions, gets no more), and all together.
class Pace final : public State {
 public:
  /// A newcomer is bounded by the number of occupants, and counts for itself only.
  Refusal judge(const router::RoomLimits& limits, const router::Packet& packet, bool trusted, bool newcomer,
                base::MonoTime now) {
    sweep(limits, now);
    Buckets& own = people_[packet.from().bare()];
    const Amounts one = amounts_of_one(packet, trusted), rates = rates_of_one(limits);
    if (!own.have(one, rates, now))
      return xmpp::StanzaError(Condition::policy_violation, ErrorType::wait, "too much at once");
    if (!newcomer) {
      const Amounts all = amounts_of_all(packet, one), rates_all = rates_of_all(limits);
      if (!all_.have(all, rates_all, now))
        return xmpp::StanzaError(Condition::resource_constraint, ErrorType::wait, "too much at once in this room");
      all_.take(all, rates_all, now);
    }
    own.take(one, rates, now);
    return std::nullopt;
  }

 private:
  /// Forgets those who may send everything again, whenever there are twice as many as stayed the last time.
  void sweep(const router::RoomLimits& limits, base::MonoTime now) {
    if (people_.size() < sweep_at_) return;
    const Amounts rates = rates_of_one(limits);
    std::erase_if(people_, [&](const auto& one) { return one.second.are_full(rates, now); });
    sweep_at_ = std::max(kFirstSweep, 2 * people_.size());
  }

  std::unordered_map<xmpp::Jid, Buckets> people_;
  std::size_t sweep_at_ = kFirstSweep;
  Buckets all_;
};

}  // namespace

void add_pace(const Environment& environment) {
  Points& points = environment.points;
  const auto judge = [slot = points.room_slot(), &loop = environment.router.loop()](
                         Room& room, const router::Packet& packet, Affiliation affiliation, bool newcomer) {
    std::unique_ptr<State>& state = room.slot(slot);
    if (!state) state = std::make_unique<Pace>();
    const bool trusted = affiliation >= Affiliation::admin;
    return static_cast<Pace&>(*state).judge(room.service().limits, packet, trusted, newcomer, loop.now());
  };
  points.join.emplace_back([judge](Join& join) { return judge(join.room, join.presence, join.affiliation, true); });
  points.arrived.emplace_back([judge](Room& room, const Occupant& occupant, const router::Packet& packet) {
    return judge(room, packet, occupant.affiliation, false);
  });
}

}  // namespace muc
