// Ad-hoc commands of rooms (XEP-0050). Each is one form at most, so that nothing is remembered of those under way.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/function.h"
#include "muc/behaviour.h"
#include "muc/room.h"

namespace muc {

/// A command under way; answered once.
class Execution {
 public:
  Execution(const Room& room, router::Responder responder);

  /// It wants `<command/>` with what `add` puts into it to be filled in.
  void ask(const std::function<void(xml::Element& command)>& add);
  void complete(const xml::Element* x = nullptr);
  /// Does the changes; completed when they are durable (Room::change).
  void complete_with(Room& room, base::Fn<void()> changes) &&;
  void cancelled();
  void refuse(const xmpp::StanzaError& why) { responder_.error(why); }
  const xmpp::Jid& who() const { return responder_.request().from(); }

 private:
  xml::Document answer(std::string_view status) const;

  router::Responder responder_;
  std::string session_;
};

/// Hands requests to Points::commands, and lists those.
void add_commands(const Environment& environment);

}  // namespace muc
