#include "features/registration.h"

#include <string_view>
#include <utility>

#include "base/secret.h"
#include "features/answer.h"
#include "router/account_service.h"
#include "xmpp/ns.h"

namespace features {
namespace {

using router::Responder;
using router::Router;
using xmpp::Condition;
using xmpp::StanzaError;
using Outcome = base::Result<void, StanzaError>;

constexpr std::string_view kNs = xmpp::ns::registration;

/// The account a request is about: its sender, asking its own address or its own host; empty for everybody else.
xmpp::Jid account_of(const router::Packet& request) {
  const xmpp::Jid& from = request.from();
  if (from.local().empty()) return {};
  const bool at_home = is_own(request) || (request.to().is_domain() && request.to().domain() == from.domain());
  return at_home ? from.bare() : xmpp::Jid();
}

/// Runs `job(AccountService&, done)` where the account lives; the outcome comes back here and answers.
template <class Job>
void on_account(const Environment& environment, const xmpp::Jid& account, Responder answer, Job job) {
  base::Loop& home = environment.router.loop();
  auto done = [&home, answer = std::move(answer)](Outcome outcome) mutable {
    home.post([answer = std::move(answer), result = std::make_unique<Outcome>(std::move(outcome))]() mutable {
      if (*result) return answer.result();
      answer.error(result->error());
    });
  };
  environment.router.run_on_owner(account, [job = std::move(job), done = std::move(done)](Router& owner) mutable {
    job(owner.accounts(), std::move(done));
  });
}

void get(Responder answer) {
  const xmpp::Jid account = account_of(answer.request());
  if (!account) return answer.error(Condition::not_allowed);
  xml::Document query(kNs, "query");
  query.root().add("registered");
  query.root().add_text_child("username", account.local());
  query.root().add("password");
  answer.result(query);
}

/// Section 3.2. Its sessions end, this one too once it has the answer, which therefore does not go over the bus.
void cancel(const Environment& environment, const xmpp::Jid& account, Responder answer) {
  const xml::Element& query = answer.payload();
  if (query.next_child(*query.first_child()) != nullptr || !query.first_child()->is(kNs, "remove"))
    return answer.error(Condition::bad_request);
  const router::Packet& request = answer.request();
  router::Delivery last_word{.stanza = xmpp::share(xmpp::make_result(request.stanza())),
                             .from = request.to(),
                             .to = request.from(),
                             .overlay = {},
                             .receipt = {},
                             .kept = true};
  on_account(environment, account, std::move(answer),
             [account, last_word = std::move(last_word)](router::AccountService& accounts, auto done) mutable {
               accounts.remove(account, std::move(done), std::move(last_word));
             });
}

/// Section 3.3. Whoever else is logged in may know the old password only.
void change_password(const Environment& environment, const xmpp::Jid& account, Responder answer) {
  const std::string username = answer.payload().child_text(kNs, "username");
  base::Secret password(answer.payload().child_text(kNs, "password"));
  if (username.empty() || password.empty())
    return answer.error({Condition::bad_request, "username and password are needed"});
  if (xmpp::Jid::make(username, account.domain()) != account) return answer.error(Condition::not_allowed);
  const xmpp::Jid asking = answer.request().from();
  on_account(environment, account, std::move(answer),
             [asking, password = std::move(password)](router::AccountService& accounts, auto done) mutable {
               accounts.set_password(asking.bare(), std::move(password), std::move(done), asking);
             });
}

void set(const Environment& environment, Responder answer) {
  const xmpp::Jid account = account_of(answer.request());
  if (!account) return answer.error(Condition::not_allowed);
  if (answer.payload().child(kNs, "remove") != nullptr) return cancel(environment, account, std::move(answer));
  change_password(environment, account, std::move(answer));
}

}  // namespace

void add_registration(const Environment& environment) {
  constexpr auto kBoth = router::Target::server | router::Target::account;
  router::Registry& registry = environment.registry;
  registry.xep({77, "2.4", "In-Band Registration"});
  registry.feature(kBoth, kNs);
  registry.iq(xmpp::Type::get, kBoth, kNs, "query", get);
  registry.iq(xmpp::Type::set, kBoth, kNs, "query",
              [environment](Responder answer) { set(environment, std::move(answer)); });
}

}  // namespace features
