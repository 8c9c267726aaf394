// The floor: the smallest honest relay that does a chat server's work. One thread; epoll, expat with lent parsers, a
// tree in an arena, a hash look-up of the full JID, the stanza written anew with its sender, TLS over a BIO on one
// shared receive buffer, one write per connection and turn. Logins are answered with what a client wants to hear,
// without looking.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>

#include "bench/floor/tree.h"

namespace floor_relay {
namespace {

struct Connection {
  int fd = -1;
  bool listener = false, tls_listener = false, dirty = false, dead = false, in_header = true, shaking = false,
       blocked = false;
  SSL* tls = nullptr;
  std::unique_ptr<Parser> parser;  // only in the middle of a stanza
  std::string user, jid, out;
};

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

std::array<char, 64 * 1024> received;  // shared: what was read last
std::array<char, 64 * 1024> opened;    // shared: the same without TLS
const char* cipher_begin = nullptr;    // what OpenSSL has not yet taken of `received`
std::size_t cipher_size = 0;

int epoll_fd = -1;
SSL_CTX* tls_context = nullptr;
BIO_METHOD* bio_method = nullptr;
std::vector<Connection*> dirty, dead;
std::vector<std::unique_ptr<Parser>> parsers;
std::unordered_map<std::string, Connection*, Hash, std::equal_to<>> directory;

// ---- TLS over the shared buffer ----

int bio_read(BIO* bio, char* to, int wanted) {
  BIO_clear_retry_flags(bio);
  if (cipher_size == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t size = std::min(cipher_size, static_cast<std::size_t>(wanted));
  std::memcpy(to, cipher_begin, size);
  cipher_begin += size;
  cipher_size -= size;
  return static_cast<int>(size);
}

int bio_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent =
      ::send(static_cast<Connection*>(BIO_get_data(bio))->fd, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

void set_up_tls(const char* certificate, const char* key) {
  tls_context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_mode(tls_context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_num_tickets(tls_context, 1);
  SSL_CTX_set_session_cache_mode(tls_context, SSL_SESS_CACHE_OFF);
  if (SSL_CTX_use_certificate_chain_file(tls_context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(tls_context, key, SSL_FILETYPE_PEM) != 1) {
    std::fprintf(stderr, "certificate or key cannot be used\n");
    std::exit(1);
  }
  bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "shared buffer");
  BIO_meth_set_read(bio_method, bio_read);
  BIO_meth_set_write(bio_method, bio_write);
  BIO_meth_set_ctrl(bio_method, bio_control);
}

// ---- sending ----

void send(Connection& connection, std::string_view bytes) {
  connection.out.append(bytes);
  if (connection.dirty) return;
  connection.dirty = true;
  dirty.push_back(&connection);
}

void drop(Connection& connection) {
  if (connection.dead) return;
  connection.dead = true;
  if (!connection.jid.empty()) directory.erase(connection.jid);
  dead.push_back(&connection);
}

void watch(Connection& connection) {
  epoll_event event{.events = EPOLLIN | (connection.blocked ? EPOLLOUT : 0U), .data = {.ptr = &connection}};
  ::epoll_ctl(epoll_fd, EPOLL_CTL_MOD, connection.fd, &event);
}

void flush(Connection& connection) {
  connection.dirty = false;
  std::string& out = connection.out;
  std::size_t done = 0;
  while (!connection.dead && done < out.size()) {
    ssize_t sent = -1;
    if (connection.tls != nullptr) {
      std::size_t written = 0;
      ERR_clear_error();
      if (SSL_write_ex(connection.tls, out.data() + done, out.size() - done, &written) == 1)
        sent = static_cast<ssize_t>(written);
      else if (SSL_get_error(connection.tls, 0) == SSL_ERROR_SSL)
        return drop(connection);
    } else {
      sent = ::send(connection.fd, out.data() + done, out.size() - done, MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return drop(connection);
    }
    if (sent < 0) {
      connection.blocked = true;
      watch(connection);
      break;
    }
    done += static_cast<std::size_t>(sent);
  }
  out.erase(0, done);
}

// ---- logins: canned ----

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  out.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                      reinterpret_cast<const unsigned char*>(bytes.data()),
                                                      static_cast<int>(bytes.size()))));
  return out;
}

std::string from_base64(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  while (!out.empty() && out.back() == '\0') out.pop_back();
  return out;
}

/// Answers a client-first-message and remembers whose it is.
std::string challenge(Connection& connection, std::string_view first64) {
  const std::string first = from_base64(first64);
  const std::size_t name = first.find("n=", 3), nonce = first.find(",r=", 3);
  if (name == std::string::npos || nonce == std::string::npos) return {};
  connection.user = first.substr(name + 2, nonce - name - 2);
  return base64(first.substr(nonce + 1) + "server,s=c2FsdHNhbHQ=,i=4096");
}

void bound(Connection& connection) {
  connection.jid = connection.user + "@localhost/load";
  directory[connection.jid] = &connection;
}

void header(Connection& connection) {
  connection.in_header = false;
  std::string features =
      "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms>";
  if (!connection.user.empty()) features = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
  send(connection,
       "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
       "from='localhost' id='floor' version='1.0'><stream:features>" +
           features + "</stream:features>");
}

void iq(Connection& connection, const Node& stanza) {
  const std::string id(stanza.attribute("id"));
  if (stanza.first != nullptr && stanza.first->name == "bind") {
    bound(connection);
    send(connection, "<iq type='result' id='" + id + "'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>" +
                         connection.jid + "</jid></bind></iq>");
  } else {
    send(connection, "<iq type='result' id='" + id + "'/>");
  }
}

void negotiate(Connection& connection, const Node& element) {
  constexpr std::string_view kSasl = "urn:ietf:params:xml:ns:xmpp-sasl", kSasl2 = "urn:xmpp:sasl:2";
  const bool sasl2 = element.ns == kSasl2;
  const auto ns = "xmlns='" + std::string(sasl2 ? kSasl2 : kSasl) + "'";
  if (element.name == "auth" || element.name == "authenticate") {
    const std::string_view first = sasl2 ? element.first->content() : element.content();
    send(connection, "<challenge " + ns + ">" + challenge(connection, first) + "</challenge>");
  } else if (element.name == "response" && sasl2) {
    bound(connection);
    send(connection,
         "<success " + ns + "><authorization-identifier>" + connection.jid + "</authorization-identifier></success>");
  } else if (element.name == "response") {
    send(connection, "<success " + ns + "/>");
    connection.in_header = true;
  }
}

// ---- stanzas ----

void stanza(void* context, const Node& stanza) {
  auto& connection = *static_cast<Connection*>(context);
  if (stanza.name == "message") {
    const auto to = directory.find(stanza.attribute("to"));
    if (to == directory.end()) return;
    Connection& receiver = *to->second;
    write(stanza, "jabber:client", connection.jid, receiver.out);
    send(receiver, {});
  } else if (stanza.name == "iq") {
    iq(connection, stanza);
  } else if (stanza.name == "presence") {
    write(stanza, "jabber:client", connection.jid, connection.out);
    send(connection, {});
  } else {
    negotiate(connection, stanza);
  }
}

void take(Connection& connection, std::string_view bytes) {
  while (!bytes.empty() && !connection.dead) {
    if (connection.in_header) {
      // Headers come whole from the load generator, after `<?xml …?>`.
      const std::size_t begin = bytes.find("<stream:stream"), end = bytes.find('>', begin);
      if (begin == std::string_view::npos || end == std::string_view::npos) return;
      bytes.remove_prefix(end + 1);
      header(connection);
      continue;
    }
    if (!connection.parser && bytes.starts_with("</stream:stream>")) {
      send(connection, "</stream:stream>");
      flush(connection);
      return drop(connection);
    }
    std::unique_ptr<Parser> parser = std::move(connection.parser);
    if (!parser && !parsers.empty()) {
      parser = std::move(parsers.back());
      parsers.pop_back();
    }
    if (!parser) parser = std::make_unique<Parser>();
    if (!parser->feed(bytes, stanza, &connection)) return drop(connection);
    if (!parser->at_boundary()) {
      connection.parser = std::move(parser);
    } else if (!parser->worn()) {
      parsers.push_back(std::move(parser));
    }
    return;
  }
}

void read(Connection& connection) {
  const ssize_t size = ::recv(connection.fd, received.data(), received.size(), 0);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) return drop(connection);
  if (connection.tls == nullptr) return take(connection, {received.data(), static_cast<std::size_t>(size)});
  cipher_begin = received.data();
  cipher_size = static_cast<std::size_t>(size);
  ERR_clear_error();
  if (connection.shaking) {
    const int result = SSL_do_handshake(connection.tls);
    if (result != 1) {
      const int error = SSL_get_error(connection.tls, result);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) drop(connection);
      return;
    }
    connection.shaking = false;
  }
  std::size_t plain = 0;
  while (!connection.dead && SSL_read_ex(connection.tls, opened.data(), opened.size(), &plain) == 1) {
    take(connection, {opened.data(), plain});
  }
  if ((SSL_get_shutdown(connection.tls) & SSL_RECEIVED_SHUTDOWN) != 0) drop(connection);
}

void accept_all(const Connection& listener) {
  for (;;) {
    const int fd = ::accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto* connection = new Connection{.fd = fd};
    if (listener.tls_listener) {
      connection->tls = SSL_new(tls_context);
      connection->shaking = true;
      BIO* bio = BIO_new(bio_method);
      BIO_set_data(bio, connection);
      BIO_set_init(bio, 1);
      SSL_set_bio(connection->tls, bio, bio);
      SSL_set_accept_state(connection->tls);
    }
    epoll_event event{.events = EPOLLIN, .data = {.ptr = connection}};
    ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  }
}

/// Prints the port it got.
Connection* listen(bool tls, int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{.sin_family = AF_INET,
                      .sin_port = htons(static_cast<std::uint16_t>(port)),
                      .sin_addr = {htonl(INADDR_LOOPBACK)},
                      .sin_zero = {}};
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, 4096) != 0) {
    std::perror("listen");
    std::exit(1);
  }
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%s %d\n", tls ? "tls" : "plain", ntohs(address.sin_port));
  std::fflush(stdout);
  auto* listener = new Connection{.fd = fd, .listener = true, .tls_listener = tls};
  epoll_event event{.events = EPOLLIN, .data = {.ptr = listener}};
  ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  return listener;
}

void turn() {
  std::array<epoll_event, 512> events;
  const int count = ::epoll_wait(epoll_fd, events.data(), static_cast<int>(events.size()), -1);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    auto& connection = *static_cast<Connection*>(event.data.ptr);
    if (connection.listener) {
      accept_all(connection);
      continue;
    }
    if (connection.dead) continue;
    if ((event.events & EPOLLOUT) != 0) {
      connection.blocked = false;
      watch(connection);
      send(connection, {});
    }
    if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(connection);
  }
  for (std::size_t i = 0; i < dirty.size(); ++i) flush(*dirty[i]);
  dirty.clear();
  for (Connection* connection : dead) {
    SSL_free(connection->tls);
    ::close(connection->fd);
    delete connection;
  }
  dead.clear();
}

}  // namespace
}  // namespace floor_relay

/// exedra_floor [CERTIFICATE KEY [PORT [TLS_PORT]]]: listens on loopback for plain and, with a certificate, for direct
/// TLS.
int main(int argc, char** argv) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  floor_relay::epoll_fd = ::epoll_create1(EPOLL_CLOEXEC);
  floor_relay::listen(false, argc > 3 ? std::atoi(argv[3]) : 0);
  if (argc > 2) {
    floor_relay::set_up_tls(argv[1], argv[2]);
    floor_relay::listen(true, argc > 4 ? std::atoi(argv[4]) : 0);
  }
  for (;;) floor_relay::turn();
}
