#include "config_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "config_reader.h"
#include "net/fd.h"

namespace {

constexpr std::size_t kMostBytes = 64UL * 1024;

}  // namespace

void complain(const std::string& where, const std::string& what) { throw ConfigMistake{where + ": " + what}; }

base::Secret ConfigFiles::read(const std::string& name, Privacy privacy) const {
  const std::string path = name.starts_with('/') ? name : folder_ + '/' + name;
  const net::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (file.get() < 0 || fstat(file.get(), &info) != 0)
    complain(where_, "reading " + path + ": " + std::strerror(errno) + "; correct the name, or make the file");
  if (!S_ISREG(info.st_mode) || info.st_size > static_cast<off_t>(kMostBytes))
    complain(where_, path + " is no file of at most 64 KiB; correct the name");
  if (privacy == Privacy::secret && (info.st_mode & S_IRWXO) != 0)
    complain(where_, path + " is open to every user of this machine; run: chmod o= " + path);
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  const ssize_t got = pread(file.get(), bytes.data(), bytes.size(), 0);
  if (got != info.st_size) complain(where_, "reading " + path + " broke off; try again");
  return base::Secret(std::move(bytes));
}

base::Secret ConfigFiles::read_line(const std::string& name) const {
  const base::Secret whole = read(name, Privacy::secret);
  const std::string_view text = whole.reveal();
  const auto end = text.find_last_not_of("\r\n");
  return base::Secret(std::string(text.substr(0, end == std::string_view::npos ? 0 : end + 1)));
}
