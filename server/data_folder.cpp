#include "data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

constexpr const char* kDefaultConfig = R"(<?xml version="1.0" encoding="UTF-8"?>
<!-- Made at first start. docs/config.md explains every element; "exedra -c" checks the file. -->
<exedra xmlns="urn:exedra:config:1">
  <clients address="127.0.0.1" port="5222"/>
  <clients address="127.0.0.1" port="5223" tls="direct"/>
  <host domain="localhost"/>
</exedra>
)";

base::Result<void> write_new(const std::string& path, std::string_view text) {
  const net::Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0 || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      fsync(file.get()) != 0) {
    return base::failure("writing " + path + ": " + std::strerror(errno));
  }
  return {};
}

}  // namespace

base::Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return base::failure("reading " + path + ": " + std::strerror(errno));
  return text.str();
}

base::Result<DataFolder> DataFolder::open(const std::string& path) {
  std::error_code error;
  DataFolder folder;
  folder.path_ = std::filesystem::absolute(path, error).lexically_normal().string();
  if (folder.path_.size() > 1 && folder.path_.ends_with('/')) folder.path_.pop_back();
  const std::filesystem::path parent = std::filesystem::path(folder.path_).parent_path();
  if (!error) std::filesystem::create_directories(parent, error);
  if (error) return base::failure("making " + parent.string() + ": " + error.message());
  for (const std::string& each : {folder.path_, folder.path_ + "/certs"}) {
    if (mkdir(each.c_str(), 0700) != 0 && errno != EEXIST) {
      return base::failure("making the data folder " + each + ": " + std::strerror(errno));
    }
  }
  // The control socket trusts whoever may enter.
  if (chmod(folder.path_.c_str(), 0700) != 0) {
    return base::failure("closing the data folder " + folder.path_ + " to others: " + std::strerror(errno));
  }
  folder.lock_ = net::Fd(::open((folder.path_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (folder.lock_.get() < 0 || flock(folder.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return base::failure(errno == EWOULDBLOCK ? "another server uses the data folder " + folder.path_
                                              : "locking " + folder.path_ + ": " + std::strerror(errno));
  }
  return folder;
}

std::string DataFolder::file(const std::string& name) const {
  return name.starts_with('/') ? name : path_ + "/" + name;
}

const char* DataFolder::default_config() { return kDefaultConfig; }

base::Result<void> DataFolder::write_default_config() const {
  if (std::filesystem::exists(config())) return {};
  return write_new(config(), kDefaultConfig);
}

base::Result<std::string> DataFolder::secret(base::Random& random) const {
  const std::string path = path_ + "/secret";
  if (!std::filesystem::exists(path)) {
    const auto written = write_new(path, random.token(32));
    if (!written) return std::unexpected(written.error());
  }
  auto text = read_file(path);
  if (text && text->size() < 32) return base::failure(path + " is damaged; remove it and start again");
  return text;
}
