#include "certs/write.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace certs {

base::Result<void> write_whole(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string aside = path + ".new";
  unlink(aside.c_str());  // left by a crash; O_EXCL below keeps anybody else's link out
  const int file = open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return base::failure("writing " + aside + ": " + std::strerror(errno));
  bool good = true;
  while (good && !bytes.empty()) {
    const ssize_t wrote = write(file, bytes.data(), bytes.size());
    if (wrote > 0) bytes.remove_prefix(static_cast<std::size_t>(wrote));
    good = wrote > 0 || (wrote < 0 && errno == EINTR);
  }
  good = good && fchmod(file, mode) == 0 && fsync(file) == 0;
  good = (close(file) == 0) && good;
  good = good && rename(aside.c_str(), path.c_str()) == 0;
  if (good) return {};
  const std::string why = std::strerror(errno);
  unlink(aside.c_str());
  return base::failure("writing " + path + ": " + why);
}

std::string text_of(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

base::Result<void> write_key(const std::string& path, const EVP_PKEY& key) {
  const BioPtr text(BIO_new(BIO_s_secmem()));
  if (text == nullptr || PEM_write_bio_PKCS8PrivateKey(text.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return base::failure("writing " + path + ": " + openssl_error());
  std::string secret = text_of(*text);
  auto written = write_whole(path, secret, 0600);
  OPENSSL_cleanse(secret.data(), secret.size());
  return written;
}

}  // namespace certs
