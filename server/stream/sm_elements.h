// Stream management's elements (XEP-0198 3, 5, 6), read and written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stream/negotiation.h"

namespace stream {

SmRequest read_enable(const xml::Element& enable);
xml::Document make_enabled(const SmEnabled& enabled);

/// Without the account. The failure is what `<failed/>` says.
base::Result<ResumeRequest, xmpp::Condition> read_resume(const xml::Element& resume);
xml::Document make_resumed(std::string_view previd, std::uint32_t h);

/// `h` only in answer to `<resume/>`.
xml::Document make_failed(xmpp::Condition condition, std::optional<std::uint32_t> h = {});

}  // namespace stream
