#include "router/command.h"

namespace router {
namespace {

xml::Document answer(const Responder& asker, std::string_view status) {
  const xml::Element& asked = asker.payload();
  const std::string_view session = asked.attr("sessionid");
  xml::Document command(kCommands, "command");
  command.root().set_attr("node", asked.attr("node"));
  // 3.1 wants one; nothing is behind it.
  command.root().set_attr("sessionid", session.empty() ? asker.request().stanza().id() : session);
  command.root().set_attr("status", status);
  return command;
}

}  // namespace

void complete(Responder& asker, const xml::Element& form) {
  xml::Document command = answer(asker, "completed");
  command.root().add_copy(form);
  asker.result(command);
}

void cancel(Responder& asker) { asker.result(answer(asker, "canceled")); }

}  // namespace router
