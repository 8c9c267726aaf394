#include "uploads.h"

#include <utility>

#include "base/log.h"
#include "entrance.h"

base::Result<std::unique_ptr<Uploads>> Uploads::open(const UploadConfig& config, web::Terms terms,
                                                     const std::string& folder, std::string secret) {
  auto files = web::FileStore::open(folder);
  if (!files) return std::unexpected(files.error());
  return std::unique_ptr<Uploads>(
      new Uploads(config, std::move(*files), base::make_ref<web::Settings>(std::move(terms)), std::move(secret)));
}

Uploads::Uploads(const UploadConfig& config, web::FileStore files, web::SettingsRef settings, std::string secret)
    : entrances_(config.listeners),
      seams_{{std::move(files), bytes_, names_}, std::move(settings), std::move(secret)} {}

base::Result<void> Uploads::listen(const Home& home, const CertificatesRef& certificates) {
  loop_ = &home.loop;
  shard_ = &home.shard;
  shard_loop_ = &home.shard_loop;
  limits_ = home.limits;
  port_offset_ = home.port_offset;
  use(certificates);
  on_shard([shard = shard_] { shard->uploads()->keep_time(); });
  for (const UploadListener& entrance : entrances_) {
    auto opened = open_listener(entrance);
    if (!opened) return std::unexpected(opened.error());
    base::log::info("listening_for_uploads",
                    {{"address", entrance.address}, {"port", (*opened)->port()}, {"tls", entrance.tls ? "yes" : "no"}});
    listeners_.push_back(std::move(*opened));
  }
  return {};
}

base::Result<std::unique_ptr<net::Listener>> Uploads::open_listener(const UploadListener& entrance) const {
  const auto port = shifted_port(entrance.port, port_offset_);
  if (!port) return std::unexpected(port.error());
  return net::Listener::open(
      *loop_, entrance.address, *port, [loop = shard_loop_]() -> net::AsioLoop& { return *loop; },
      [shard = shard_, tls = entrance.tls](net::AsioLoop&, std::unique_ptr<net::Transport> transport) {
        shard->uploads()->site().accept(std::move(transport), tls);
      },
      limits_);
}

std::vector<std::uint16_t> Uploads::ports() const {
  std::vector<std::uint16_t> ports;
  ports.reserve(listeners_.size());
  for (const auto& listener : listeners_) ports.push_back(listener->port());
  return ports;
}

void Uploads::use(const CertificatesRef& certificates) {
  on_shard([shard = shard_, certificates] { shard->uploads()->site().use(certificates); });
}

std::string Uploads::greeting() const {
  std::string text;
  for (std::size_t i = 0; i < listeners_.size(); ++i)
    text += std::string("  uploads: ") + (entrances_[i].tls ? "https://" : "http://") +
            place(entrances_[i].address, listeners_[i]->port()) + '\n';
  return text;
}

void Uploads::stop(base::Fn<void()> done) {
  listeners_.clear();
  on_shard([shard = shard_, home = loop_, done = std::move(done)]() mutable {
    shard->uploads()->site().stop([home, done = std::move(done)]() mutable { home->post(std::move(done)); });
  });
}
