// What a connection's negotiation asks for: credentials, the owner's shard, a resource, stream management.
#include <algorithm>
#include <utility>

#include "c2s/connection.h"
#include "c2s/registration.h"
#include "c2s/shard.h"
#include "router/account_service.h"
#include "router/registry.h"

namespace c2s {

/// A callback for this connection wherever the answer finds it alive and on the same shard.
template <class Job>
auto Connection::guarded(Job job) {
  return [shard = shard_, number = number_, job = std::move(job)](auto&&... answer) mutable {
    Connection* self = shard->connection(number);
    if (self == nullptr) return;
    job(*self, std::forward<decltype(answer)>(answer)...);
    self->update_reading();
  };
}

base::Random& Connection::random() { return shard_->services().random; }

std::optional<stream::LocalHost> Connection::find_host(std::string_view domain) {
  const router::HostSettings* host = shard_->services().router.settings().host(domain);
  if (host == nullptr) return std::nullopt;
  return stream::LocalHost{.domain = std::string(domain), .registration = host->registration};
}

std::string Connection::default_host() {
  return std::string(shard_->services().router.settings().first().domain.domain());
}

std::string Connection::session_features(std::string_view domain) {
  const router::HostSettings* host = shard_->services().router.settings().host(domain);
  return host == nullptr ? std::string() : shard_->services().registry.stream_features(*host);
}

// ---- login ----

/// Waits as long as this address has to, then asks.
void Connection::begin_attempt(base::Fn<void()> job) {
  attempting_ = true;
  shard_->ask_delay(ticket_, false, guarded([job = std::move(job)](Connection& self, base::Duration delay) mutable {
                      if (delay <= base::Duration::zero()) return job();
                      if (self.login_ == nullptr) return;  // closed meanwhile
                      self.login_->delay = base::Timer(self.shard_->loop(), delay, std::move(job));
                    }));
}

void Connection::end_attempt(bool available, bool disabled) {
  if (!available) attempting_ = false;  // not the client's failure
  disabled_ = disabled;
}

void Connection::look_up(const xmpp::Jid& account, stream::Hash hash) {
  begin_attempt([this, account, hash] {
    const auto deadline = shard_->limits().credentials;
    shard_->authenticator().look_up(account, hash, deadline, guarded([](Connection& self, Credentials found) {
                                      self.end_attempt(found.available, found.disabled);
                                      if (!found.available) return self.negotiation_.on_unavailable();
                                      self.negotiation_.on_credentials(std::move(found.keys));
                                    }));
  });
}

void Connection::check_password(const xmpp::Jid& account, base::Secret password) {
  begin_attempt([this, account, password = std::move(password)]() mutable {
    const auto deadline = shard_->limits().credentials;
    shard_->authenticator().check_password(account, std::move(password), deadline,
                                           guarded([](Connection& self, PasswordCheck check) {
                                             self.end_attempt(check.available, check.disabled);
                                             if (!check.available) return self.negotiation_.on_unavailable();
                                             self.negotiation_.on_password_checked(check.fits);
                                           }));
  });
}

void Connection::authenticated(const xmpp::Jid& account) {
  attempting_ = false;
  if (disabled_) return negotiation_.refuse_login(stream::SaslCondition::account_disabled);
  shard_->with_addresses([ticket = ticket_](Addresses& addresses) { addresses.logged_in(ticket); });
  const router::ShardId owner = shard_->services().router.board().owner(account);
  if (owner == shard_->id()) return negotiation_.continue_after_move();
  // Later: the negotiation is still on its way through this call.
  shard_->loop().post([shard = shard_, number = number_, owner] { shard->move(number, owner); });
}

// ---- registration ----

void Connection::register_account(xml::Document iq) {
  const std::string_view host = negotiation_.host();
  const std::string id(iq.root().attr("id"));
  const auto request = xmpp::Stanza::parse(std::move(iq));
  if (!request) return refuse_registration(id, request.error());
  if ((*request)->type() == xmpp::Type::get)
    return negotiation_.on_registration_answer(registration_form(**request, host));
  auto wanted = read_registration(**request, host);
  if (!wanted) return refuse_registration(id, wanted.error());
  auto create = guarded([request = *request, wanted = std::move(*wanted)](Connection& self, bool allowed) mutable {
    if (allowed) return self.create_account(std::move(wanted), request);
    self.refuse_registration(request->id(),
                             {xmpp::Condition::resource_constraint, "Too many accounts were made from here."});
  });
  shard_->ask_registration(ticket_, std::move(create));
}

void Connection::refuse_registration(std::string_view id, const xmpp::StanzaError& why) {
  negotiation_.on_registration_answer(registration_error(id, why, negotiation_.host()));
}

void Connection::create_account(Registration wanted, const xmpp::StanzaRef& request) {
  using Result = base::Result<void, xmpp::StanzaError>;
  auto answer = guarded([request](Connection& self, const Result& result) {
    if (!result) return self.refuse_registration(request->id(), result.error());
    self.negotiation_.on_registration_answer(registration_result(*request, self.negotiation_.host()));
  });
  auto home = [&loop = shard_->loop(), answer = std::move(answer)](Result result) mutable {
    loop.post(
        [answer = std::move(answer), kept = std::make_unique<Result>(std::move(result))]() mutable { answer(*kept); });
  };
  const xmpp::Jid account = wanted.account;
  shard_->services().router.run_on_owner(
      account, [account, password = std::move(wanted.password), home = std::move(home)](router::Router& owner) mutable {
        owner.accounts().create(account, std::move(password), std::move(home));
      });
}

// ---- the session ----

void Connection::bind(const stream::ResourceRequest& request) {
  session_ = &shard_->open_session(request.account, *this);
  router::BindRequest bind{
      .account = request.account, .resource = request.resource, .bind2 = request.bind2, .link = session_};
  using Answer = base::Result<router::Bound, xmpp::StanzaError>;
  shard_->services().sessions.bind(std::move(bind), [shard = shard_, number = session_->number()](Answer answer) {
    if (Session* session = shard->session(number); session != nullptr) session->on_bind_answer(std::move(answer));
  });
}

void Connection::bound(const xmpp::Jid& jid, xml::Document bound) {
  negotiation_.on_bound(jid, std::move(bound));
  update_reading();
}

void Connection::bind_failed(const xmpp::StanzaError& error) {
  negotiation_.on_bind_failed(error);
  update_reading();
}

void Connection::enable_sm(const stream::SmRequest& request) {
  stream::SmEnabled enabled;
  base::Duration kept{};
  if (request.resume) {
    const auto longest = static_cast<std::uint32_t>(shard_->limits().hibernation.count());
    enabled.max = std::min(request.max.value_or(longest), longest);
    enabled.id = shard_->hibernation().enlist(*session_);
    kept = std::chrono::seconds(enabled.max);
  }
  shard_->services().sessions.sm_enabled(session_->id(), enabled.id);
  // First: inside Bind 2 the answer also brings the session to life. Nothing is delivered in between.
  session_->enable_sm(enabled.id, kept);
  negotiation_.on_sm_enabled(enabled);
}

void Connection::resume(const stream::ResumeRequest& request) {
  Session* session = shard_->hibernation().find(request.previd, request.account);
  if (session == nullptr) {
    using Mark = std::optional<std::uint32_t>;
    return shard_->hibernation().find_mark(
        request.previd, request.account,
        guarded([](Connection& self, const Mark& h) { self.negotiation_.on_resume_failed(h); }));
  }
  session_ = session;  // before, because the answer may come at once
  if (const auto resuming = session->resume(*this, request.h); !resuming) {
    session_ = nullptr;
    fail({xmpp::StreamCondition::undefined_condition, "", resuming.error().to_xml()});
  }
}

void Connection::resumed(const xmpp::Jid& jid, std::uint32_t h) {
  negotiation_.on_resumed(jid, h);
  update_reading();
}

}  // namespace c2s
