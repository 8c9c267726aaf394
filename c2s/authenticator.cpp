#include "c2s/authenticator.h"

#include <array>
#include <string>
#include <utility>

#include "base/log.h"
#include "c2s/account_keys.h"
#include "xmpp/precis.h"

namespace c2s {
namespace {

using Found = base::Result<std::optional<store::Account>>;

// One derivation for each check, whatever the account holds: the hash new accounts are sure to have comes first.
constexpr std::array kCheckedWith{stream::Hash::sha256, stream::Hash::sha512, stream::Hash::sha1};

std::optional<stream::ScramKeys> any_keys(const std::optional<store::Account>& account) {
  if (!account) return std::nullopt;
  for (const stream::Hash hash : kCheckedWith)
    if (auto keys = find_keys(account->keys, hash)) return keys;
  return std::nullopt;
}

auto read_account(const xmpp::Jid& account) {
  return [owner = std::string(account.bare_str())](store::Reader& reader) { return reader.account(owner); };
}

void log_failure(const base::Error& error) { base::log::error("credentials unavailable", {{"why", error.what}}); }

}  // namespace

Authenticator::Authenticator(store::Store& store, base::Executor& cpu, base::Loop& loop, stream::FakeAccounts fake)
    : store_(store), cpu_(cpu), fake_(std::move(fake)), look_ups_(loop), checks_(loop) {}

void Authenticator::look_up(const xmpp::Jid& account, stream::Hash hash, base::Duration deadline,
                            base::Fn<void(Credentials)> done) {
  const std::uint64_t number = look_ups_.add(deadline, {}, std::move(done));
  store_.read(look_ups_.loop(), read_account(account), [this, number, hash](const Found& found) {
    Credentials credentials{.available = found.has_value()};
    if (!found) {
      log_failure(found.error());
    } else if (*found) {
      credentials.disabled = (*found)->disabled;
      credentials.keys = find_keys((*found)->keys, hash);
    }
    look_ups_.answer(number, std::move(credentials));
  });
}

void Authenticator::check_password(const xmpp::Jid& account, base::Secret password, base::Duration deadline,
                                   base::Fn<void(PasswordCheck)> done) {
  const std::uint64_t number = checks_.add(deadline, {}, std::move(done));
  store_.read(checks_.loop(), read_account(account),
              [this, number, account, password = std::move(password)](Found found) mutable {
                if (!found) {
                  log_failure(found.error());
                  return checks_.answer(number, {});
                }
                check(account, std::move(password), std::move(*found), number);
              });
}

void Authenticator::check(const xmpp::Jid& account, base::Secret password, std::optional<store::Account> found,
                          std::uint64_t number) {
  if (checking_ >= kMostChecks) return checks_.answer(number, {});
  ++checking_;
  auto prepared = xmpp::precis::opaque_string(password.reveal());
  const bool possible = found.has_value() && prepared.has_value();
  base::Secret secret(prepared ? *std::move(prepared) : std::string("no password"));
  cpu_.submit([this, number, possible, disabled = found && found->disabled, keys = any_keys(found),
               secret = std::move(secret), owner = std::string(account.bare_str()), &loop = checks_.loop(),
               fake = fake_]() mutable {
    const bool known = keys.has_value();
    if (!keys) keys = stream::fake_keys(fake.secret, owner, kCheckedWith[0], fake.iterations);
    const bool fits = stream::verify_password(secret.reveal(), *keys) && possible && known;
    loop.post([this, number, disabled, fits] {
      --checking_;
      checks_.answer(number, {.available = true, .disabled = disabled, .fits = fits});
    });
  });
}

}  // namespace c2s
