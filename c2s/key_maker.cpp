#include "c2s/key_maker.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "c2s/account_keys.h"
#include "xmpp/precis.h"

namespace c2s {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::array kHashes{stream::Hash::sha1, stream::Hash::sha256, stream::Hash::sha512};
using Keys = std::vector<store::ScramKeys>;

}  // namespace

void ScramKeyMaker::make_keys(base::Secret password, base::Loop& home, base::Fn<void(base::Result<Keys>)> done) {
  auto prepared = xmpp::precis::opaque_string(password.reveal());
  if (!prepared) {
    home.post([done = std::move(done)]() mutable {
      done(base::failure("the password is empty or has characters that RFC 8265 does not allow"));
    });
    return;
  }
  std::array<std::string, kHashes.size()> salts;
  for (std::string& salt : salts) {
    salt.resize(kSaltBytes);
    random_.fill(std::as_writable_bytes(std::span(salt)));
  }
  cpu_.submit([secret = base::Secret(*std::move(prepared)), salts = std::move(salts), iterations = iterations_, &home,
               done = std::move(done)]() mutable {
    auto keys = std::make_unique<Keys>();
    for (std::size_t i = 0; i < kHashes.size(); ++i)
      keys->push_back(to_row(stream::derive_keys(kHashes[i], secret.reveal(), salts[i], iterations)));
    home.post([done = std::move(done), keys = std::move(keys)]() mutable { done(std::move(*keys)); });
  });
}

}  // namespace c2s
