#include "accounts/administration.h"

#include <utility>

#include "base/log.h"

namespace accounts {

using xmpp::Condition;
using xmpp::StanzaError;
using Answered = base::Result<void, StanzaError>;

namespace {

Answered error(Condition condition, std::string why = {}) {
  return std::unexpected(StanzaError(condition, std::move(why)));
}

Answered unavailable() { return std::unexpected(StanzaError(Condition::internal_server_error, xmpp::ErrorType::wait)); }

const xmpp::StreamError kEnded{xmpp::StreamCondition::not_authorized, "the account was changed"};

/// RFC 6121 2.5.2, for every item.
void cancel_subscriptions(Account& account) {
  const Roster::Items items = account.roster().items();
  for (const auto& [contact, item] : items) {
    const auto change = account.roster().remove(contact, account.shard().loop().wall());
    if (!change) continue;
    for (const xmpp::Type type : change->cancel) {
      account.router().post(base::make_ref<const router::Packet>(xmpp::share(xmpp::make_presence(type)), account.jid(),
                                                                 contact.bare(), router::Origin::server));
    }
  }
}

}  // namespace

bool Administration::begin(const xmpp::Jid& account, Done& done) {
  if (changing_.insert(account).second) return true;
  done(std::unexpected(StanzaError(Condition::resource_constraint, "another change is under way")));
  return false;
}

void Administration::finish(const xmpp::Jid& account, Done& done, Answered result) {
  changing_.erase(account);
  done(std::move(result));
}

// From the store, not from the memory: keys are never kept here.
void Administration::read(const xmpp::Jid& account, Done done, base::Fn<void(Found, Done)> next) {
  Shard& shard = accounts_.shard();
  shard.store.read(
      shard.loop(), [account](store::Reader& reader) { return reader.account(account.str()); },
      [this, account, done = std::move(done), next = std::move(next)](const base::Result<Found>& row) mutable {
        if (row) return next(*row, std::move(done));
        base::log::error("account_read_failed", {{"account", account.str()}, {"why", row.error().what}});
        finish(account, done, unavailable());
      });
}

void Administration::read_existing(const xmpp::Jid& account, Done done, base::Fn<void(store::Account, Done)> next) {
  if (!begin(account, done)) return;
  read(account, std::move(done), [this, account, next = std::move(next)](const Found& row, Done then) mutable {
    if (!row) return finish(account, then, error(Condition::item_not_found));
    next(*row, std::move(then));
  });
}

void Administration::make_keys(const xmpp::Jid& account, store::Account row, base::Secret password, Done done,
                               base::Fn<void(store::Account, Done)> next) {
  keys_.make_keys(std::move(password), accounts_.shard().loop(),
                  [this, account, row = std::move(row), done = std::move(done),
                   next = std::move(next)](const base::Result<std::vector<store::ScramKeys>>& keys) mutable {
                    if (!keys) return finish(account, done, error(Condition::not_acceptable, keys.error().what));
                    row.keys = *keys;
                    next(std::move(row), std::move(done));
                  });
}

void Administration::write(const xmpp::Jid& account, std::vector<store::Row> rows, Done done) {
  Shard& shard = accounts_.shard();
  auto unit = base::make_ref<store::Unit>();
  for (store::Row& row : rows) unit->add(std::move(row));
  shard.store.write(std::move(unit), shard.loop(),
                    [this, account, done = std::move(done)](const base::Result<void>& result) mutable {
                      finish(account, done, result ? Answered() : unavailable());
                    });
}

// A new account begins with nothing, whatever a crash left of an earlier one of that name.
void Administration::put_new(const xmpp::Jid& account, store::Account row, Done done) {
  write(account, {store::AccountDelete{std::string(account.str())}, store::AccountPut{std::move(row)}},
        std::move(done));
}

// The sessions end when the new row is durable: whoever logs in afterwards is judged by it.
void Administration::put(const xmpp::Jid& account, store::Account row, xmpp::Jid spare, Done done) {
  const bool disabled = row.disabled;
  write(account, {store::AccountPut{std::move(row)}},
        [this, account, disabled, spare = std::move(spare), done = std::move(done)](const Answered& result) mutable {
          Account* loaded = accounts_.account(account);
          if (result && loaded != nullptr) {
            loaded->disabled = disabled;
            accounts_.end_all(*loaded, kEnded, loaded->session(spare));
          }
          done(result);
        });
}

void Administration::create(const xmpp::Jid& account, base::Secret password, Done done) {
  const bool ours = accounts_.shard().router.settings().host(account.domain()) != nullptr;
  if (!ours || account.local().empty() || !account.is_bare()) return done(error(Condition::item_not_found));
  if (!begin(account, done)) return;
  read(account, std::move(done), [this, account, password = std::move(password)](const Found& row, Done then) mutable {
    if (row) return finish(account, then, error(Condition::conflict));
    store::Account fresh{.local = std::string(account.local()), .host = std::string(account.domain()), .keys = {}};
    make_keys(account, std::move(fresh), std::move(password), std::move(then),
              [this, account](store::Account made, Done last) { put_new(account, std::move(made), std::move(last)); });
  });
}

void Administration::set_password(const xmpp::Jid& account, base::Secret password, Done done, xmpp::Jid spare) {
  read_existing(
      account, std::move(done),
      [this, account, password = std::move(password), spare = std::move(spare)](store::Account row, Done then) mutable {
        make_keys(account, std::move(row), std::move(password), std::move(then),
                  [this, account, spare = std::move(spare)](store::Account made, Done last) mutable {
                    put(account, std::move(made), std::move(spare), std::move(last));
                  });
      });
}

void Administration::set_disabled(const xmpp::Jid& account, bool disabled, Done done) {
  read_existing(account, std::move(done), [this, account, disabled](store::Account row, Done then) {
    row.disabled = disabled;
    if (!disabled) return put(account, std::move(row), {}, std::move(then));
    // Not to be used from this moment, whatever the disk says.
    if (Account* loaded = accounts_.account(account)) loaded->disabled = true;
    put(account, std::move(row), {}, std::move(then));
  });
}

// The removal is one unit: until it is committed the account is whole, and nobody but its own sessions has noticed.
void Administration::remove(const xmpp::Jid& account, Done done, router::Delivery last_word) {
  if (!begin(account, done)) return;
  accounts_.with_account(account, [this, account, last_word = std::move(last_word), done = std::move(done)](
                                      Account* loaded, Absent why) mutable {
    if (loaded == nullptr) {
      return finish(account, done, why == Absent::failed ? unavailable() : error(Condition::item_not_found));
    }
    Session* asking = loaded->session(last_word.to);
    const auto parted = asking != nullptr ? accounts_.part(*loaded, *asking) : router::SessionId::none;
    accounts_.end_all(*loaded, kEnded);
    accounts_.hide(account);
    // Rows under way must not land behind the removal, where the next owner of the name would find them.
    loaded->after_rows([this, account, parted, last_word = std::move(last_word), done = std::move(done)]() mutable {
      auto unit = base::make_ref<store::Unit>();
      unit->add(store::AccountDelete{std::string(account.str())});
      Shard& shard = accounts_.shard();
      shard.store.write(std::move(unit), shard.loop(),
                        [this, account, parted, last_word = std::move(last_word),
                         done = std::move(done)](const base::Result<void>& result) mutable {
                          removed(account, parted, std::move(last_word), std::move(done), result);
                        });
    });
  });
}

// Contacts are told as if each roster item had been removed (RFC 6121 2.5.2).
void Administration::removed(const xmpp::Jid& account, router::SessionId parted, router::Delivery last_word, Done done,
                             const base::Result<void>& result) {
  if (!result) {
    base::log::error("account_not_removed", {{"account", account.str()}, {"why", result.error().what}});
    accounts_.show(account);
    accounts_.bid_farewell(parted, {}, kEnded);
    return finish(account, done, unavailable());
  }
  if (Account* gone = accounts_.account(account)) cancel_subscriptions(*gone);
  accounts_.forget(account);
  if (parted == router::SessionId::none) return sweep(account, std::move(done));
  // The session that asked has its window open until it is answered, so it can't wait for that.
  accounts_.bid_farewell(parted, std::move(last_word), kEnded);
  done({});
  sweep(account, [](const Answered&) {});
}

// What a session had asked for just before may still have been written behind the removal. Until that is over, nobody
// can take the name.
void Administration::sweep(const xmpp::Jid& account, Done done) {
  accounts_.shard().windows.when_closed(account, [this, account, done = std::move(done)]() mutable {
    write(account, {store::AccountDelete{std::string(account.str())}},
          [done = std::move(done)](const Answered&) mutable { done({}); });
  });
}

std::size_t Administration::kick(const xmpp::Jid& address, const std::string& why) {
  Account* account = accounts_.account(address.bare());
  if (account == nullptr) return 0;
  const xmpp::StreamError reason{xmpp::StreamCondition::policy_violation, why};
  if (address.is_bare()) {
    const std::size_t count = account->bound().size();
    accounts_.end_all(*account, reason);
    return count;
  }
  Session* session = account->session(address);
  if (session == nullptr) return 0;
  accounts_.end(*account, *session, reason);
  return 1;
}

std::vector<router::SessionInfo> Administration::sessions() const {
  std::vector<router::SessionInfo> all;
  for (const Account* account : accounts_.loaded()) {
    for (const auto& session : account->bound()) {
      all.push_back({.jid = session->jid(),
                     .peer = session->link().peer(),
                     .priority = session->priority(),
                     .available = session->available(),
                     .hibernated = session->link().hibernated()});
    }
  }
  return all;
}

}  // namespace accounts
