// Stream headers (RFC 6120 4.7): a client's as it is read and judged, ours as it is written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "xml/element.h"
#include "xml/stream_reader.h"
#include "xmpp/error.h"
#include "xmpp/jid.h"

namespace stream {

inline constexpr std::string_view kFooter = "</stream:stream>";

/// What a client's header says, as far as it could be understood.
struct ClientHeader {
  std::string host;  ///< prepared; whether it is ours is for the caller to see
  xmpp::Jid from;    ///< bare; empty for none
  std::string lang;
  std::optional<xmpp::StreamError> error;  ///< to be sent after our own header (RFC 6120 4.9.1.2)
};
ClientHeader read_client_header(const xml::Element& header, std::string_view default_ns);

/// What another server's header says, whichever side opened the stream.
struct ServerHeader {
  std::string from, to;  ///< prepared; empty for none
  std::string id;
  std::optional<xmpp::StreamError> error;  ///< to be sent after our own header
};
ServerHeader read_server_header(const xml::Element& header, std::string_view default_ns);

/// The stream error for a reader's fault (RFC 6120 4.9.3).
xmpp::StreamError error_for(xml::Fault fault);

/// Our own header. Empty fields are left out; the language of what we write is English.
struct HeaderFields {
  std::string_view content_ns, from, to, id;
  std::string_view dialback_ns = {};  ///< for the prefix `db` (XEP-0220 2.4.1)
};
std::string header_xml(const HeaderFields& fields);

}  // namespace stream
