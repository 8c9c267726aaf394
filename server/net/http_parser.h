// One HTTP/1 request from bytes, strictly (RFC 9112): what two readers could take for different requests is none
// (SECURITY H02). No socket and no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_message.h"

namespace net {

/// Why a request is refused; the connection can't go on.
struct HttpFault {
  int status = 400;
  std::string_view why;
};

/// For one request. The body comes in pieces, so that nobody has to hold it.
class HttpParser {
 public:
  enum class Event : std::uint8_t {
    need_more,  ///< all input was taken
    head,       ///< request() has everything but the body
    body,       ///< piece() is some of it
    done,
    failed,  ///< fault() says why
  };

  /// From the request line to the empty line `head_bytes` at most.
  explicit HttpParser(std::size_t head_bytes);
  ~HttpParser();

  /// Takes from the front of `input` until there is something to tell.
  Event next(std::string_view& input);

  HttpRequest& request();
  /// 10 or 11.
  int version() const;
  /// The client may send another request behind this one.
  bool keep_alive() const;
  bool has_body() const;
  /// Of a body whose size was said beforehand.
  std::optional<std::uint64_t> body_bytes() const;
  /// For a body that comes in chunks; between head and the next call.
  void limit_body(std::uint64_t bytes);
  /// Holds until the input's bytes go.
  std::string_view piece() const;
  const HttpFault& fault() const { return fault_; }

 private:
  enum class State : std::uint8_t { head, chunk_line, bytes, over, broken };
  class Beast;

  Event read_head(std::string_view& input);
  Event judge_head();
  Event read_chunk_line(std::string_view& input);
  Event read_bytes(std::string_view& input);
  Event fail(int status, std::string_view why);

  std::unique_ptr<Beast> beast_;
  std::size_t head_bytes_;
  std::string held_;  ///< of a header or a chunk's line that is not whole
  HttpFault fault_;
  State state_ = State::head;
  bool skipped_line_ = false;
};

}  // namespace net
