// A connection for tests: a real reader feeds a Negotiation, and its owner writes down what is asked of it. A test
// plays the client with bytes and the rest of the server with answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stream/negotiation.h"
#include "xml/stream_reader.h"

namespace stream {

inline constexpr std::string_view kHeader =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' "
    "version='1.0'>";

/// Counts up, so that every nonce differs and runs repeat.
class CountingRandom final : public base::Random {
 public:
  void fill(std::span<std::byte> bytes) override;

 private:
  unsigned next_ = 0;
};

class Connection final : public NegotiationOwner {
 public:
  explicit Connection(base::Ref<const StreamOffer> offer = standard_offer(), bool loopback = false);
  /// STARTTLS, stream management, `csi` and `ver` after login, carbons inside Bind 2.
  static base::Ref<StreamOffer> standard_offer();

  /// Feeds bytes; those behind a pause are kept until pump(), or dropped by STARTTLS.
  void feed(std::string_view bytes);
  void pump();
  /// A connection whose TLS is established, by direct TLS.
  void secure(ChannelBinding binding = {});
  /// What was sent since the last call, with the ids of headers blanked.
  std::string sent();
  /// What was asked of the owner and told to it since the last call, each in a line.
  std::string news();

  base::Random& random() override { return random_; }
  std::optional<LocalHost> find_host(std::string_view domain) override;
  std::string default_host() override { return "example.org"; }
  void send(std::string bytes) override;
  void restart_reader() override { reader_.restart(); }
  void start_tls() override;
  void look_up(const xmpp::Jid& account, Hash hash) override;
  void check_password(const xmpp::Jid& account, base::Secret password) override;
  void authenticated(const xmpp::Jid& account) override;
  void register_account(xml::Document iq) override;
  void resume(const ResumeRequest& request) override;
  void bind(const ResourceRequest& request) override;
  void enable_sm(const SmRequest& request) override;
  void established(const xmpp::Jid& jid, bool resumed) override;
  void on_stanza(xml::Document element) override;
  void on_ack_request() override { note("r"); }
  void on_ack(std::uint32_t h) override { note("a " + std::to_string(h)); }
  void on_client_state(bool active) override { note(active ? "active" : "inactive"); }
  void peer_closed() override { note("peer closed"); }
  void closed(const xmpp::StreamError* error) override;

  std::vector<LocalHost> hosts{{.domain = "example.org"}, {.domain = "example.net"}};
  std::string left_behind;  ///< bytes that came with <starttls/>, which nobody may act on
  int times_closed = 0;
  std::string stream_id;  ///< of the last header sent

 private:
  void note(std::string what) { news_ += what + "\n"; }

  CountingRandom random_;
  xml::ParserPool pool_;
  xml::StreamReader reader_{pool_, xml::Limits{}};
  std::string pending_, sent_, news_;
  bool pumping_ = false, tls_asked_ = false;

 public:
  Negotiation negotiation;
};

/// `<name>` of what the last stream error, failure or answer says, in few words: "error not-authorized", "failure
/// aborted", "failed unexpected-request", "challenge" …
std::string gist(std::string_view sent);

// ---- the client's side ----

std::string auth(std::string_view mechanism, std::string_view message);
std::string response(std::string_view message);
/// The same in XEP-0388; `more` is put inside.
std::string authenticate(std::string_view mechanism, std::string_view message, std::string_view more = {});
std::string response2(std::string_view message);
std::string plain_message(std::string_view username, std::string_view password, std::string_view authzid = {});
/// What stands decoded in the last `<challenge/>` or `<success/>` of `sent`.
std::string challenge_in(std::string_view sent);

/// A client's SCRAM (RFC 5802 3).
class ScramClient {
 public:
  ScramClient(Hash hash, std::string username, std::string password, std::string gs2 = "n,,", std::string binding = {},
              std::string nonce = "nonce");
  std::string first() const { return gs2_ + bare_; }
  std::string last(std::string_view server_first);
  /// Does the server know the password too? `server_last` is "v=…".
  bool verifies(std::string_view server_last) const;

 private:
  Hash hash_;
  std::string password_, gs2_, binding_, bare_, auth_message_, salted_;
};

/// Keys as an account would have them.
ScramKeys keys_for(Hash hash, std::string_view password);

/// Takes a secured connection through login by PLAIN to its second header's features; clears sent() and news().
void log_in(Connection& connection);
/// The same, and binds "romeo@example.org/orchard".
void bind(Connection& connection);

}  // namespace stream
