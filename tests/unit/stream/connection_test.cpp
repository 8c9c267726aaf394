// What connection.h declares, and a check of its SCRAM client against the RFCs' own exchanges.
#include "connection.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "xml/writer.h"

namespace stream {
namespace {

/// The name of the first element behind `tag` in `text`.
std::string name_behind(std::string_view text, std::string_view tag) {
  text.remove_prefix(text.rfind(tag));
  text.remove_prefix(text.find('<', 1) + 1);
  return std::string(text.substr(0, text.find_first_of(" />")));
}

std::string between(std::string_view text, std::string_view from, std::string_view to) {
  text.remove_prefix(std::min(text.size(), text.find(from) + from.size()));
  return std::string(text.substr(0, text.find(to)));
}

}  // namespace

void CountingRandom::fill(std::span<std::byte> bytes) {
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(next_++);
}

Connection::Connection(base::Ref<const StreamOffer> offer, bool loopback)
    : negotiation(*this, std::move(offer), loopback) {}

base::Ref<StreamOffer> Connection::standard_offer() {
  auto offer = base::make_ref<StreamOffer>();
  offer->fake = {.secret = "secret of the server", .iterations = 64};
  offer->features = {"<csi xmlns='urn:xmpp:csi:0'/>", "<ver xmlns='urn:xmpp:features:rosterver'/>"};
  offer->bind2_features = {"urn:xmpp:carbons:2"};
  return offer;
}

void Connection::feed(std::string_view bytes) {
  pending_ += bytes;
  pump();
}

void Connection::pump() {
  if (pumping_) return;  // an answer given inside a request
  pumping_ = true;
  while (!pending_.empty() && negotiation.wants_input()) {
    const auto fed = reader_.feed(pending_, negotiation);
    pending_.erase(0, fed.consumed);
    if (fed.fault != xml::Fault::none) negotiation.on_fault(fed.fault);
    if (std::exchange(tls_asked_, false)) left_behind = std::exchange(pending_, {});
  }
  pumping_ = false;
}

void Connection::secure(ChannelBinding binding) { negotiation.on_tls_established(std::move(binding)); }

void Connection::send(std::string bytes) {
  if (bytes.starts_with("<?xml")) stream_id = between(bytes, " id='", "'");
  sent_ += bytes;
}

std::string Connection::sent() {
  std::string text = std::exchange(sent_, {});
  if (const auto at = text.find("' id='"); at != text.npos && text.starts_with("<?xml")) {
    text.erase(at + 6, text.find('\'', at + 6) - at - 6);
  }
  return text;
}

std::string Connection::news() {
  std::string text = std::exchange(news_, {});
  if (!text.empty()) text.pop_back();
  return text;
}

std::optional<LocalHost> Connection::find_host(std::string_view domain) {
  for (const LocalHost& host : hosts) {
    if (host.domain == domain) return host;
  }
  return std::nullopt;
}

void Connection::start_tls() {
  tls_asked_ = true;
  note("start tls");
}
void Connection::look_up(const xmpp::Jid& account, Hash hash) {
  note("look up " + std::string(account.str()) + " " + std::string(to_string(hash)));
}
void Connection::check_password(const xmpp::Jid& account, base::Secret password) {
  note("check " + std::string(account.str()) + " " + std::string(password.reveal()));
}
void Connection::authenticated(const xmpp::Jid& account) { note("authenticated " + std::string(account.str())); }
void Connection::register_account(xml::Document iq) { note("register " + std::string(iq.root().attr("id"))); }
void Connection::resume(const ResumeRequest& request) {
  note("resume " + std::string(request.account.str()) + " " + request.previd + " " + std::to_string(request.h));
}
void Connection::bind(const ResourceRequest& request) {
  note("bind " + std::string(request.account.str()) + " '" + request.resource + "'" +
       (request.bind2 != nullptr ? " " + xml::to_string(*request.bind2) : ""));
}
void Connection::enable_sm(const SmRequest& request) {
  note(std::string("enable") + (request.resume ? " resume" : "") +
       (request.max ? " " + std::to_string(*request.max) : ""));
}
void Connection::established(const xmpp::Jid& jid, bool resumed) {
  note((resumed ? "resumed " : "established ") + std::string(jid.str()));
}
void Connection::on_stanza(xml::Document element) { note(xml::to_string(element.root(), "jabber:client")); }
void Connection::closed(const xmpp::StreamError* error) {
  ++times_closed;
  note("closed" + (error != nullptr ? " " + std::string(to_string(error->condition)) : ""));
}

std::string gist(std::string_view sent) {
  if (sent.contains("<stream:error>")) return "error " + name_behind(sent, "<stream:error>");
  if (sent.contains("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>")) return "tls failure";
  if (sent.contains("<failure ")) return "failure " + name_behind(sent, "<failure ");
  if (sent.contains("<failed ")) return "failed " + name_behind(sent, "<failed ");
  if (sent.contains("<iq type='error'")) return "iq " + name_behind(sent, "<error ");
  if (sent.contains("<iq type='result'")) return "iq result";
  for (const char* known : {"proceed", "challenge", "success", "enabled", "resumed"}) {
    if (sent.contains("<" + std::string(known) + " ")) return known;
  }
  return std::string(sent);
}

std::string auth(std::string_view mechanism, std::string_view message) {
  return "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='" + std::string(mechanism) + "'>" +
         base::base64(message) + "</auth>";
}
std::string response(std::string_view message) {
  return "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" + base::base64(message) + "</response>";
}
std::string authenticate(std::string_view mechanism, std::string_view message, std::string_view more) {
  return "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='" + std::string(mechanism) + "'><initial-response>" +
         base::base64(message) + "</initial-response>" + std::string(more) + "</authenticate>";
}
std::string response2(std::string_view message) {
  return "<response xmlns='urn:xmpp:sasl:2'>" + base::base64(message) + "</response>";
}
std::string plain_message(std::string_view username, std::string_view password, std::string_view authzid) {
  std::string message(authzid);
  return message.append(1, '\0').append(username).append(1, '\0').append(password);
}

std::string challenge_in(std::string_view sent) {
  const std::size_t from = std::max(sent.rfind("<challenge ") + 1, sent.rfind("<success ") + 1);  // npos + 1 is 0
  if (from == 0) return "no challenge in " + std::string(sent);
  sent.remove_prefix(from);
  return base::from_base64(between(sent, sent.contains("<additional-data>") ? "<additional-data>" : ">", "<"))
      .value_or("no base64");
}

ScramClient::ScramClient(Hash hash, std::string username, std::string password, std::string gs2, std::string binding,
                         std::string nonce)
    : hash_(hash),
      password_(std::move(password)),
      gs2_(std::move(gs2)),
      binding_(std::move(binding)),
      bare_("n=" + std::move(username) + ",r=" + std::move(nonce)) {}

std::string ScramClient::last(std::string_view server_first) {
  const std::string text = std::string(server_first) + ",";
  const std::string salt = base::from_base64(between(text, ",s=", ",")).value_or("");
  const auto iterations = static_cast<std::uint32_t>(std::stoul("0" + between(text, ",i=", ",")));
  salted_ = pbkdf2(hash_, password_, salt, iterations).reveal();
  const std::string without = "c=" + base::base64(gs2_ + binding_) + ",r=" + between(text, "r=", ",");
  auth_message_ = bare_ + "," + std::string(server_first) + "," + without;
  std::string proof = hmac(hash_, salted_, "Client Key");
  const std::string signature = hmac(hash_, digest(hash_, proof), auth_message_);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
  return without + ",p=" + base::base64(proof);
}

bool ScramClient::verifies(std::string_view server_last) const {
  return server_last == "v=" + base::base64(hmac(hash_, hmac(hash_, salted_, "Server Key"), auth_message_));
}

ScramKeys keys_for(Hash hash, std::string_view password) { return derive_keys(hash, password, "salt", 64); }

void log_in(Connection& connection) {
  connection.feed(kHeader);
  connection.feed(auth("PLAIN", plain_message("romeo", "pencil")));
  connection.negotiation.on_password_checked(true);
  connection.negotiation.continue_after_move();
  connection.feed(kHeader);
  ASSERT_TRUE(connection.sent().contains("<bind "));
  EXPECT_EQ(connection.news(), "check romeo@example.org pencil\nauthenticated romeo@example.org");
}

void bind(Connection& connection) {
  log_in(connection);
  connection.feed("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  connection.negotiation.on_bound(xmpp::Jid::from_prepared("romeo@example.org/orchard"));
  EXPECT_EQ(gist(connection.sent()), "iq result");
  EXPECT_EQ(connection.news(), "bind romeo@example.org ''\nestablished romeo@example.org/orchard");
}

namespace {

TEST(ScramClient, Rfc5802Section5) {
  ScramClient client(Hash::sha1, "user", "pencil", "n,,", {}, "fyko+d2lbbFgONRv9qkxdawL");
  EXPECT_EQ(client.first(), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  EXPECT_EQ(client.last("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"),
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
  EXPECT_TRUE(client.verifies("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="));
}

TEST(ScramClient, Rfc7677Section3) {
  ScramClient client(Hash::sha256, "user", "pencil", "n,,", {}, "rOprNGfwEbeRWgbNEkqO");
  const std::string nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  EXPECT_EQ(client.last("r=" + nonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
            "c=biws,r=" + nonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_TRUE(client.verifies("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
}

}  // namespace
}  // namespace stream
