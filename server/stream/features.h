// What a client's stream offers at each stage, as `<stream:features/>` (RFC 6120 4.3.2).
#pragma once

#include <string>
#include <vector>

#include "stream/mechanisms.h"
#include "stream/negotiation.h"

namespace stream {

/// Before login. `circumstances` are those of this connection and host.
std::string login_features(const StreamOffer& offer, const LocalHost& host, const Circumstances& circumstances);

/// What remains to be negotiated once the client is authenticated.
struct SessionStage {
  bool bound = false;       ///< by Bind 2, inside SASL2
  bool sm_enabled = false;  ///< likewise
};
/// `more`: serialised features of the host.
std::string session_features(const StreamOffer& offer, SessionStage stage, std::string_view more = {});

/// The binding types announced (XEP-0440); nothing where no -PLUS mechanism is offered.
std::optional<std::vector<std::string_view>> announced_bindings(const Circumstances& circumstances);

}  // namespace stream
