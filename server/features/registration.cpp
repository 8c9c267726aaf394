#include "features/registration.h"

#include <chrono>
#include <string_view>
#include <unordered_map>
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

/// Section 3.2. Its sessions are closed, this one too, so the client may not live to see the answer.
void cancel(const Environment& environment, const xmpp::Jid& account, Responder answer) {
  const xml::Element& query = answer.payload();
  if (query.next_child(*query.first_child()) != nullptr || !query.first_child()->is(kNs, "remove"))
    return answer.error(Condition::bad_request);
  on_account(environment, account, std::move(answer),
             [account](router::AccountService& accounts, auto done) { accounts.remove(account, std::move(done)); });
}

/// Section 3.3.
void change_password(const Environment& environment, const xmpp::Jid& account, Responder answer) {
  const std::string username = answer.payload().child_text(kNs, "username");
  base::Secret password(answer.payload().child_text(kNs, "password"));
  if (username.empty() || password.empty())
    return answer.error({Condition::bad_request, "username and password are needed"});
  if (xmpp::Jid::make(username, account.domain()) != account) return answer.error(Condition::not_allowed);
  on_account(environment, account, std::move(answer),
             [account, password = std::move(password)](router::AccountService& accounts, auto done) mutable {
               accounts.set_password(account, std::move(password), std::move(done));
             });
}

void set(const Environment& environment, Responder answer) {
  const xmpp::Jid account = account_of(answer.request());
  if (!account) return answer.error(Condition::not_allowed);
  if (answer.payload().child(kNs, "remove") != nullptr) return cancel(environment, account, std::move(answer));
  change_password(environment, account, std::move(answer));
}

xmpp::StanzaRef form_for(const xmpp::Stanza& request) {
  xml::Document iq = xmpp::make_result(request);
  xml::Element& query = iq.root().add("query", kNs);
  query.add_text_child("instructions", "Choose a user name and a password for the new account.");
  query.add("username");
  query.add("password");
  return xmpp::share(std::move(iq));
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

/// One request for a new account on its way between the shards.
struct NewAccounts::Attempt {
  Router& here;
  std::string peer;
  xmpp::StanzaRef iq;
  base::Fn<void(xmpp::StanzaRef)> reply;
  xmpp::Jid account = {};
  base::Secret password = {};

  /// From any shard.
  static void finish(std::unique_ptr<Attempt> attempt, const Outcome& outcome) {
    xmpp::StanzaRef answer =
        outcome ? xmpp::share(xmpp::make_result(*attempt->iq)) : xmpp::make_error(*attempt->iq, outcome.error());
    Router& here = attempt->here;
    here.loop().post([attempt = std::move(attempt), answer = std::move(answer)] { attempt->reply(answer); });
  }
};

/// Attempts of each address within the present hour of that address.
class NewAccounts::Rate {
 public:
  bool admit(const std::string& peer, base::MonoTime now, std::uint32_t most) {
    if (peers_.size() >= kMaxPeers) std::erase_if(peers_, [&](const auto& p) { return now - p.second.begun >= kSpan; });
    if (peers_.size() >= kMaxPeers && !peers_.contains(peer)) return false;
    Window& window = peers_.try_emplace(peer, now).first->second;
    if (now - window.begun >= kSpan) window = Window(now);
    return ++window.attempts <= most;
  }

 private:
  static constexpr std::size_t kMaxPeers = 10000;
  static constexpr base::Duration kSpan = std::chrono::hours(1);
  struct Window {
    explicit Window(base::MonoTime now) : begun(now) {}
    base::MonoTime begun;
    std::uint32_t attempts = 0;
  };
  std::unordered_map<std::string, Window> peers_;
};

NewAccounts::NewAccounts(const router::Switchboard& board) : board_(board), rate_(std::make_unique<Rate>()) {}
NewAccounts::~NewAccounts() = default;

void NewAccounts::answer(Router& here, const xmpp::Jid& host, std::string peer, xmpp::StanzaRef iq,
                         base::Fn<void(xmpp::StanzaRef)> reply) {
  auto attempt = std::make_unique<Attempt>(Attempt{here, std::move(peer), iq, std::move(reply)});
  const auto refuse = [&attempt](StanzaError why) {
    Attempt::finish(std::move(attempt), std::unexpected(std::move(why)));
  };
  const router::HostSettings* settings = here.settings().host(host.domain());
  if (settings == nullptr || !settings->registration) return refuse(Condition::not_allowed);
  if (!iq->is_request() || !iq->payload()->is(kNs, "query")) return refuse(Condition::service_unavailable);
  if (iq->type() == xmpp::Type::get) {
    here.loop().post([attempt = std::move(attempt)] { attempt->reply(form_for(*attempt->iq)); });
    return;
  }
  const xml::Element& query = *iq->payload();
  attempt->password = base::Secret(query.child_text(kNs, "password"));
  auto account = xmpp::Jid::make(query.child_text(kNs, "username"), host.domain());
  if (!account || account->local().empty() || attempt->password.empty())
    return refuse({Condition::not_acceptable, "a valid user name and a password are needed"});
  attempt->account = *std::move(account);
  board_.loop(0).post([this, attempt = std::move(attempt)]() mutable { create(std::move(attempt)); });
}

void NewAccounts::create(std::unique_ptr<Attempt> attempt) {
  Router& first = board_.router(0);
  if (!rate_->admit(attempt->peer, first.loop().now(), first.settings().limits().registrations_per_hour)) {
    // Section 3.1.1 names this condition.
    const StanzaError why(Condition::not_acceptable, xmpp::ErrorType::wait, "too many accounts from this address");
    return Attempt::finish(std::move(attempt), std::unexpected(why));
  }
  const xmpp::Jid account = attempt->account;
  first.run_on_owner(account, [attempt = std::move(attempt)](Router& owner) mutable {
    base::Secret password = std::move(attempt->password);
    const xmpp::Jid name = attempt->account;
    owner.accounts().create(name, std::move(password), [attempt = std::move(attempt)](const Outcome& outcome) mutable {
      Attempt::finish(std::move(attempt), outcome);
    });
  });
}

}  // namespace features
