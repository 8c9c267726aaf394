#include "stream/channel_binding.h"

namespace stream {
namespace {

constexpr std::string_view kExporter = "tls-exporter";
constexpr std::string_view kEndPoint = "tls-server-end-point";

}  // namespace

std::optional<std::string_view> ChannelBinding::find(std::string_view type) const {
  if (type == kExporter && !tls_exporter.empty()) return tls_exporter;
  if (type == kEndPoint && !tls_server_end_point.empty()) return tls_server_end_point;
  return std::nullopt;
}

std::vector<std::string_view> ChannelBinding::types() const {
  std::vector<std::string_view> names;
  if (!tls_exporter.empty()) names.push_back(kExporter);
  if (!tls_server_end_point.empty()) names.push_back(kEndPoint);
  return names;
}

}  // namespace stream
