#include "muc/password.h"

#include "base/secret.h"
#include "muc/ns.h"
#include "muc/room.h"

namespace muc {

void add_password(const Environment& environment) {
  Points& points = environment.points;
  const auto wanted = points.fields.add<bool>(
      {.var = "muc#roomconfig_passwordprotectedroom", .label = "Whether a Password is Required to Enter"});
  const auto secret = points.fields.add<std::string>({.var = "muc#roomconfig_roomsecret",
                                                      .label = "The Room Password",
                                                      .type = xmpp::FieldType::text_private,
                                                      .otherwise = std::string()});
  points.validate.emplace_back([=](const Room&, const std::vector<Value>& values) -> Refusal {
    if (!std::get<bool>(values[wanted.index]) || !std::get<std::string>(values[secret.index]).empty())
      return std::nullopt;
    return xmpp::StanzaError(xmpp::Condition::not_acceptable, "a password is wanted, and none is given");
  });
  points.join.emplace_back([=](Join& join) -> Refusal {
    if (!join.room.get(wanted) || join.vouched) return std::nullopt;
    const std::string given = join.x == nullptr ? std::string() : join.x->child_text(ns::muc, "password");
    if (base::equal_secrets(given, join.room.get(secret))) return std::nullopt;
    return xmpp::StanzaError(xmpp::Condition::not_authorized);
  });
  points.invitation.emplace_back([=](const Room& room, xml::Element& x) {
    if (room.get(wanted)) x.add_text_child("password", room.get(secret));
  });
  points.info.emplace_back([=](const Room& room, xml::Element& query) {
    query.add("feature").set_attr("var", room.get(wanted) ? "muc_passwordprotected" : "muc_unsecured");
  });
}

}  // namespace muc
