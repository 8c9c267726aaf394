#include "muc/slow_mode.h"

#include <charconv>
#include <chrono>

#include "muc/last_times.h"
#include "muc/room.h"
#include "xmpp/message.h"

namespace muc {
namespace {

constexpr router::Xep kXep{500, "0.1.1", "MUC Slow Mode"};
constexpr router::Xep kValidation{122, "1.0.2", "Data Forms Validation"};
constexpr std::int64_t kLongest = 24 * 60 * 60;

struct Spoke final : State {
  LastTimes times;
};

std::chrono::seconds to_seconds(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::chrono::seconds(number);
}

// 5: of one person, whatever the nickname and the session. Admins and owners may speak at any time.
Refusal judge(const Speech& speech, std::chrono::seconds every, LastTimes& times) {
  if (every.count() == 0 || speech.speaker.affiliation >= Affiliation::admin) return std::nullopt;
  if (!xmpp::has_body(speech.packet->stanza())) return std::nullopt;
  const base::MonoTime now = speech.room.environment().router.loop().now();
  const base::Duration left = times.left(speech.speaker.bare, every, now);
  if (left <= base::Duration::zero()) {
    times.note(speech.speaker.bare, every, now);
    return std::nullopt;
  }
  return xmpp::StanzaError(xmpp::Condition::policy_violation, xmpp::ErrorType::wait,
                           "this room is in slow mode, with one message every " + std::to_string(every.count()) +
                               " seconds; wait " +
                               std::to_string(std::chrono::ceil<std::chrono::seconds>(left).count()) + " more");
}

}  // namespace

void add_slow_mode(const Environment& environment) {
  environment.registry.xep(kXep);
  environment.registry.xep(kValidation);
  Points& points = environment.points;
  const auto duration =
      points.fields.add<std::string>({.var = "muc#roomconfig_slow_mode_duration",
                                      .label = "Slow Mode: Seconds between Two Messages of One Occupant (0: None)",
                                      .type = xmpp::FieldType::text_single,
                                      .otherwise = std::string("0"),
                                      .range = xmpp::FormField::Range{.min = 0, .max = kLongest}});
  const RoomSlot slot = points.room_slot();
  points.speech.emplace_back([=](Speech& speech) -> Points::Heard {
    auto& state = speech.room.slot(slot);
    if (state == nullptr) state = std::make_unique<Spoke>();
    return {.refusal = judge(speech, to_seconds(speech.room.get(duration)), static_cast<Spoke&>(*state).times)};
  });
  points.info_form.emplace_back([=](const Room& room, std::vector<xmpp::FormField>& fields) {
    fields.push_back(
        {.var = "muc#roominfo_slow_mode_duration", .values = {room.get(duration)}, .label = "Slow Mode Duration"});
  });
}

}  // namespace muc
