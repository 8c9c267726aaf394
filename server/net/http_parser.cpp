#include "net/http_parser.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#pragma GCC diagnostic pop

#include <utility>

#include "net/http_target.h"

namespace net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

/// A chunk's size with its extensions, or the last one with its trailer.
constexpr std::size_t kMaxChunkLine = 4096;
constexpr std::string_view kDigits = "0123456789";

std::string_view view_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

boost::asio::const_buffer buffer_of(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

/// Lines end in CR LF; no other control characters; none is continued on the next (RFC 9112 2.2, 5.2).
bool may_follow(std::string_view before, char c) {
  const char last = before.empty() ? '\n' : before.back();
  if (last == '\r') return c == '\n';
  if (last == '\n' && (c == ' ' || c == '\t')) return false;
  const auto byte = static_cast<unsigned char>(c);
  return c == '\r' || c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

}  // namespace

/// Beast's grammar; what it finds is kept here.
class HttpParser::Beast final : public http::basic_parser<true> {
 public:
  HttpRequest request;
  std::string target;
  std::string_view piece;
  int version = 0;
  bool chunk_over = false;

  /// What Beast would let pass.
  std::optional<HttpFault> framing_fault() const {
    const std::size_t lengths = request.count("Content-Length"), codings = request.count("Transfer-Encoding");
    if (lengths + codings > 1) return HttpFault{400, "the request says its length twice"};
    if (lengths == 1 && request.field("Content-Length")->find_first_not_of(kDigits) != std::string::npos)
      return HttpFault{400, "Content-Length is not a number"};
    if (codings == 1 && version < 11) return HttpFault{400, "HTTP/1.0 has no Transfer-Encoding"};  // RFC 9112 6.1
    if (codings == 1 && !same_field_name(*request.field("Transfer-Encoding"), "chunked"))
      return HttpFault{501, "the only Transfer-Encoding taken is chunked"};
    const std::size_t hosts = request.count("Host");  // RFC 9112 3.2
    if (hosts > 1 || (hosts == 0 && version >= 11)) return HttpFault{400, "one Host is needed"};
    return std::nullopt;
  }

 private:
  using View = boost::beast::string_view;

  void on_request_impl(http::verb, View method, View asked, int number, error_code&) override {
    request.method = view_of(method);
    target = view_of(asked);
    version = number;
  }
  void on_response_impl(int, View, int, error_code&) override {}
  void on_field_impl(http::field, View name, View value, error_code&) override {
    if (is_header_done()) return;  // a trailer's must not pass for the header's (RFC 9110 6.5.1)
    request.fields.push_back({std::string(view_of(name)), std::string(view_of(value))});
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(View body, error_code&) override {
    piece = view_of(body);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, error_code&) override { chunk_over = false; }
  std::size_t on_chunk_body_impl(std::uint64_t left, View body, error_code&) override {
    piece = view_of(body);
    chunk_over = left == body.size();
    return body.size();
  }
  void on_finish_impl(error_code&) override {}
};

HttpParser::HttpParser(std::size_t head_bytes) : beast_(std::make_unique<Beast>()), head_bytes_(head_bytes) {
  beast_->header_limit(static_cast<std::uint32_t>(head_bytes + kMaxChunkLine));  // counted here
  beast_->body_limit(boost::none);
}

HttpParser::~HttpParser() = default;

HttpRequest& HttpParser::request() { return beast_->request; }
int HttpParser::version() const { return beast_->version; }
bool HttpParser::keep_alive() const { return version() >= 11 && beast_->keep_alive(); }
bool HttpParser::has_body() const { return !beast_->is_done(); }
void HttpParser::limit_body(std::uint64_t bytes) { beast_->body_limit(bytes); }
std::string_view HttpParser::piece() const { return beast_->piece; }

std::optional<std::uint64_t> HttpParser::body_bytes() const {
  const auto bytes = beast_->content_length();
  return bytes ? std::optional<std::uint64_t>(*bytes) : std::nullopt;
}

HttpParser::Event HttpParser::next(std::string_view& input) {
  switch (state_) {
    case State::head: return read_head(input);
    case State::chunk_line: return read_chunk_line(input);
    case State::bytes: return read_bytes(input);
    case State::over: return Event::done;
    case State::broken: break;
  }
  return Event::failed;
}

HttpParser::Event HttpParser::fail(int status, std::string_view why) {
  state_ = State::broken;
  fault_ = {status, why};
  return Event::failed;
}

HttpParser::Event HttpParser::read_head(std::string_view& input) {
  while (!input.empty()) {
    if (held_.size() == head_bytes_) return fail(431, "the header is too large");
    if (!may_follow(held_, input.front())) return fail(400, "the header is malformed");
    held_ += input.front();
    input.remove_prefix(1);
    if (held_.ends_with("\r\n\r\n")) return judge_head();
    if (held_ != "\r\n") continue;
    if (std::exchange(skipped_line_, true)) return fail(400, "there is no request line");
    held_.clear();  // one empty line may come first (RFC 9112 2.2)
  }
  return Event::need_more;
}

HttpParser::Event HttpParser::judge_head() {
  error_code error;
  const std::size_t taken = beast_->put(buffer_of(held_), error);
  if (error || taken != held_.size()) return fail(400, "the header is malformed");
  held_ = std::string();
  if (const auto fault = beast_->framing_fault()) return fail(fault->status, fault->why);
  auto target = read_target(beast_->target);
  if (!target) return fail(400, "the path is malformed");
  beast_->request.path = std::move(target->path);
  beast_->request.query = std::move(target->query);
  state_ = beast_->is_done() ? State::over : beast_->chunked() ? State::chunk_line : State::bytes;
  return Event::head;
}

/// Beast wants a chunk's line in one piece, and the last one with its trailer.
HttpParser::Event HttpParser::read_chunk_line(std::string_view& input) {
  while (!input.empty()) {
    const std::size_t end = input.find('\n');
    const std::string_view line = input.substr(0, end == std::string_view::npos ? end : end + 1);
    if (held_.size() + line.size() > kMaxChunkLine) return fail(400, "a chunk's line is too long");
    held_ += line;
    input.remove_prefix(line.size());
    if (end == std::string_view::npos) break;
    if (!held_.ends_with("\r\n")) return fail(400, "a chunk is malformed");
    error_code error;
    const std::size_t taken = beast_->put(buffer_of(held_), error);
    if (error == http::error::need_more) continue;
    if (error == http::error::body_limit) return fail(413, "the body is too large");
    if (error || taken != held_.size()) return fail(400, "a chunk is malformed");
    held_.clear();
    state_ = beast_->is_done() ? State::over : State::bytes;
    return next(input);
  }
  return Event::need_more;
}

HttpParser::Event HttpParser::read_bytes(std::string_view& input) {
  if (input.empty()) return Event::need_more;
  error_code error;
  input.remove_prefix(beast_->put(buffer_of(input), error));
  if (error) return fail(400, "the body is malformed");
  if (beast_->is_done()) {
    state_ = State::over;
  } else if (beast_->chunk_over) {
    state_ = State::chunk_line;
  }
  return Event::body;
}

}  // namespace net
