#include "muc/commands.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "muc/service.h"
#include "router/command.h"
#include "xmpp/ns.h"

namespace muc {
namespace {

using router::kCommands;
using xmpp::Condition;

constexpr router::Xep kXep{50, "1.3.0", "Ad-Hoc Commands"};
constexpr std::size_t kSessionBytes = 12;

const Command* find(const Points& points, std::string_view node) {
  const auto found = std::ranges::find(points.commands, node, &Command::node);
  return found == points.commands.end() ? nullptr : &*found;
}

void run(Room& room, const Command& command, const xml::Element& asked, Execution execution) {
  const std::string_view action = asked.attr("action");
  if (action == "cancel") return execution.cancelled();
  // 3.4: there is one stage only, and nothing before it.
  if (!action.empty() && action != "execute" && action != "complete" && action != "next")
    return execution.refuse(Condition::bad_request);
  if (!command.form) return command.run(room, {}, std::move(execution));
  const xml::Element* x = asked.child(xmpp::ns::data_forms, "x");
  if (x == nullptr) return execution.ask([&](xml::Element& to) { command.form(room, to); });
  const auto form = xmpp::DataForm::parse(*x);
  if (!form) return execution.refuse(form.error());
  if (form->type() == xmpp::FormType::cancel) return execution.cancelled();
  if (form->type() != xmpp::FormType::submit) return execution.refuse(Condition::bad_request);
  command.run(room, *form, std::move(execution));
}

void on_command(Room& room, router::Responder responder) {
  const xml::Element& asked = responder.payload();
  const Command* command = find(room.environment().points, asked.attr("node"));
  if (command == nullptr) return responder.error(Condition::item_not_found);
  if (!command->may(room, responder.request().from())) return responder.error(Condition::forbidden);
  run(room, *command, asked, Execution(room, std::move(responder)));
}

// ---- discovery (2) ----

bool node_info(const Room& room, const xmpp::Jid& who, std::string_view node, xml::Element& query) {
  const Command* command = find(room.environment().points, node);
  if (node != kCommands && (command == nullptr || !command->may(room, who))) return false;
  xml::Element& identity = query.add("identity").set_attr("category", "automation");
  if (command == nullptr) {
    identity.set_attr("type", "command-list");
    return true;
  }
  identity.set_attr("type", "command-node").set_attr("name", command->name);
  for (const std::string_view var : {kCommands, xmpp::ns::data_forms}) query.add("feature").set_attr("var", var);
  return true;
}

bool node_items(const Room& room, const xmpp::Jid& who, std::string_view node, xml::Element& query) {
  if (node != kCommands) return false;
  for (const Command& command : room.environment().points.commands) {
    if (!command.may(room, who)) continue;
    xml::Element& item = query.add("item").set_attr("jid", room.address().str());
    item.set_attr("node", command.node).set_attr("name", command.name);
  }
  return true;
}

}  // namespace

Execution::Execution(const Room& room, router::Responder responder)
    : responder_(std::move(responder)), session_(responder_.payload().attr("sessionid")) {
  if (session_.empty()) session_ = room.environment().random.token(kSessionBytes);
}

xml::Document Execution::answer(std::string_view status) const {
  xml::Document command(kCommands, "command");
  command.root().set_attr("node", responder_.payload().attr("node"));
  command.root().set_attr("sessionid", session_).set_attr("status", status);
  return command;
}

void Execution::ask(const std::function<void(xml::Element& command)>& add) {
  xml::Document command = answer("executing");
  add(command.root());
  responder_.result(command);
}

void Execution::complete(const xml::Element* x) {
  xml::Document command = answer("completed");
  if (x != nullptr) command.root().add_copy(*x);
  responder_.result(command);
}

void Execution::cancelled() { responder_.result(answer("canceled")); }

void Execution::complete_with(Room& room, base::Fn<void()> changes) && {
  room.change(std::move(changes),
              [waiting = std::make_unique<Execution>(std::move(*this))](const base::Result<void>& done) {
                if (done) return waiting->complete();
                waiting->refuse({Condition::internal_server_error, xmpp::ErrorType::wait});
              });
}

void add_commands(const Environment& environment) {
  environment.registry.xep(kXep);
  environment.registry.feature(router::Target::room, kCommands);
  environment.registry.iq(xmpp::Type::set, router::Target::room, kCommands, "command",
                          [&service = environment.service](router::Responder responder) {
                            Room* room = service.room(responder.request().to());
                            if (room == nullptr) return responder.error(Condition::item_not_found);
                            on_command(*room, std::move(responder));
                          });
  environment.points.node_info.emplace_back(node_info);
  environment.points.node_items.emplace_back(node_items);
}

}  // namespace muc
