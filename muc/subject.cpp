#include "muc/subject.h"

#include <string>
#include <utility>

#include "muc/room.h"
#include "muc/service.h"
#include "xmpp/delay.h"
#include "xmpp/ns.h"
#include "xmpp/stored.h"

namespace muc {
namespace {

/// 8.1: a subject without a body or a thread.
bool is_subject_change(const xmpp::Stanza& message) {
  return message.child(xmpp::ns::client, "subject") != nullptr && message.child(xmpp::ns::client, "body") == nullptr &&
         message.child(xmpp::ns::client, "thread") == nullptr;
}

/// 7.2.15: as it was said, or that there is none.
void send_subject(Room& room, const xmpp::Jid& session) {
  auto kept = room.subject().empty() ? std::nullopt : xmpp::from_stored(room.subject());
  if (kept) {
    const auto from = xmpp::Jid::parse(kept->root().attr("from"));
    kept->root().remove_attr("from");
    return room.send(xmpp::share(*std::move(kept)), from.value_or(room.address()), session);
  }
  xml::Document none = xmpp::make_message(xmpp::Type::groupchat);
  none.root().add("subject");
  room.send(xmpp::share(std::move(none)), room.address(), session);
}

/// Let go with the unit that has a new subject: the old one is back if the new one could not be kept, so that nobody is
/// told a subject that those inside have not seen change.
class Change final : public store::Watcher {
 public:
  Change(const Room& room, std::string before)
      : service_(room.environment().service),
        room_(room.address()),
        number_(room.number()),
        before_(std::move(before)),
        after_(room.subject()) {}
  ~Change() override {
    Room* room = durable ? nullptr : service_.room(room_, number_);
    if (room != nullptr && room->subject() == after_) room->set_subject(std::move(before_));
  }

 private:
  Service& service_;
  const xmpp::Jid room_;
  const std::uint64_t number_;
  std::string before_;
  const std::string after_;
};

void change(Speech& speech, base::WallTime now) {
  Room& room = speech.room;
  std::string before = room.subject();
  xmpp::Overlay kept = speech.overlay;
  kept.added.push_back(xmpp::make_delay(room.address(), now));
  room.set_subject(xmpp::to_stored(speech.packet->stanza(), speech.speaker.address, {}, kept));
  room.add_row(speech.unit());
  speech.unit().attach(base::make_ref<Change>(room, std::move(before)));
}

}  // namespace

void add_subject(const Environment& environment) {
  Points& points = environment.points;
  const auto open = points.fields.add<bool>(
      {.var = "muc#roomconfig_changesubject", .label = "Whether to Allow Occupants to Change Subject"});
  points.speech.emplace_back([=, &loop = environment.router.loop()](Speech& speech) -> Points::Heard {
    const xmpp::Stanza& message = speech.packet->stanza();
    if (!is_subject_change(message)) return {};
    if (!speech.room.get(open) && speech.speaker.role != Role::moderator)
      return {.refusal = xmpp::StanzaError(xmpp::Condition::forbidden)};
    change(speech, loop.wall());
    return {};
  });
  points.entered.emplace_back(
      [](Room& room, Occupant&, const Join&, const xmpp::Jid& session) { send_subject(room, session); });
  points.info_form.emplace_back([=](const Room& room, std::vector<xmpp::FormField>& fields) {
    std::string subject;
    if (const auto kept = room.subject().empty() ? std::nullopt : xmpp::from_stored(room.subject()))
      subject = kept->root().child_text(xmpp::ns::client, "subject");
    fields.push_back({.var = "muc#roominfo_subject", .values = {subject}, .label = "Current Discussion Topic"});
    fields.push_back({.var = "muc#roominfo_subjectmod",
                      .type = xmpp::FieldType::boolean,
                      .values = {room.get(open) ? "1" : "0"},
                      .label = "The room subject can be modified by participants"});
  });
}

}  // namespace muc
