// The token service's HTTP face (docs/tokensvc-http.md, docs/openapi/tokens.json): tokens for callers that show a
// bearer secret or a client certificate, public keys for whoever verifies, and how it is.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "certs/store.h"
#include "net/http_server.h"
#include "tokensvc/office.h"
#include "tokensvc/tries.h"

namespace tokensvc {

/// One entrance. The office's thread only; outlives what the office and the store owe it.
class Http {
 public:
  Http(Office& office, store::Store& store, HttpEntrance entrance, net::HttpLimits limits = {});

  /// For connections from now on; needed where the entrance has TLS.
  void use(base::Ref<certs::Store> certificates) { certificates_ = std::move(certificates); }
  void accept(std::unique_ptr<net::Transport> transport);

  const HttpEntrance& entrance() const { return entrance_; }
  std::size_t connections() const { return server_.connections(); }
  /// Answers what was asked, and ends; `done` once nobody is left.
  void stop(base::Fn<void()> done) { server_.stop(std::move(done)); }

 private:
  std::vector<net::HttpRoute> routes();
  void give_token(net::HttpResponder responder);
  void tell_health(net::HttpResponder responder);
  void give_keys(net::HttpResponder responder);
  void give_key(net::HttpResponder responder);

  /// The caller's name, or what is answered in its place.
  std::expected<std::string, net::HttpResponse> caller_of(const net::HttpRequest& request);
  std::expected<std::string, net::HttpResponse> caller_by_secret(const std::string& peer, std::string_view secret);
  const CallerSettings* find_secret(std::string_view secret) const;
  net::HttpResponse refusal(int status, const Refusal& why, std::string_view seq = {}) const;

  Office& office_;
  store::Store& store_;
  HttpEntrance entrance_;
  base::Ref<certs::Store> certificates_;
  std::string compare_key_;  ///< of the hashes by which secrets are compared, so that not even lengths show
  Tries tries_;
  base::MonoTime unrecorded_ = base::MonoTime::min();  ///< when a token could not be recorded, the last time
  net::HttpServer server_;
};

}  // namespace tokensvc
