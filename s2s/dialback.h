// Server dialback (XEP-0220): its keys (XEP-0185) and its two elements, read and made.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "xml/element.h"
#include "xmpp/error.h"

namespace s2s {

namespace ns {
inline constexpr std::string_view dialback = "jabber:server:dialback";
inline constexpr std::string_view dialback_feature = "urn:xmpp:features:dialback";
}  // namespace ns

/// One of our domains and one of another server, both prepared.
struct DomainPair {
  std::string local, remote;
  friend auto operator<=>(const DomainPair&, const DomainPair&) = default;
};

/// Makes and checks the keys of all our domains. The secret stays within this server (SECURITY 1.3).
class DialbackKeys {
 public:
  explicit DialbackKeys(const base::Secret& secret);

  /// `stream_id` is the one that the receiving server gave to the stream.
  std::string key(std::string_view receiving, std::string_view originating, std::string_view stream_id) const;
  /// In constant time.
  bool matches(std::string_view receiving, std::string_view originating, std::string_view stream_id,
               std::string_view key) const;

 private:
  base::Secret hash_;
};

enum class DialbackStep : std::uint8_t { result, verify };
enum class DialbackType : std::uint8_t { request, valid, invalid, error };

/// `<db:result/>` or `<db:verify/>`.
struct Dialback {
  DialbackStep step = DialbackStep::result;
  DialbackType type = DialbackType::request;
  std::string from, to;                                              ///< prepared domains
  std::string id;                                                    ///< of a verify: the stream that is asked about
  std::string key;                                                   ///< of a request
  xmpp::Condition condition = xmpp::Condition::undefined_condition;  ///< of an error (2.4.2)
};

/// improper-addressing without two domains, bad-format for what else is wrong.
base::Result<Dialback, xmpp::StreamError> read_dialback(const xml::Element& element);
/// With the prefix `db`, which the stream's header binds: some take no other (2.4.1).
std::string to_xml(const Dialback& dialback);

/// An answer without the request: what was found out.
struct Verdict {
  DialbackType type = DialbackType::error;
  xmpp::Condition condition = xmpp::Condition::undefined_condition;  ///< of an error
};
Dialback answer_to(const Dialback& request, const Verdict& verdict);

/// Whether `key`, which came over our stream `id`, is the remote domain's: only its authoritative server knows.
struct Question {
  DomainPair pair;
  std::string id, key;
};

}  // namespace s2s
