#include "web/file_store.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <span>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/hex.h"

namespace web {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kNameDigits = 62;                    // behind the two of the folder
constexpr std::uint64_t kSyncEvery = 32ULL * 1024 * 1024;  // bytes: the end of a long file must not wait for all of it

base::Error system_error(const std::string& what) { return {what + ": " + std::strerror(errno)}; }

/// Two digits of the hash are a folder: a directory of millions is slow on some file systems.
std::filesystem::path place(const std::filesystem::path& folder, std::string_view hash) {
  return folder / hash.substr(0, 2) / hash.substr(2);
}

/// What a folder contains outlives a power cut from then on.
base::Result<void> sync_folder(const std::filesystem::path& folder) {
  const net::Fd opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || fsync(opened.get()) != 0) return std::unexpected(system_error(folder));
  return {};
}

base::Result<void> make_folder(const std::filesystem::path& folder) {
  if (mkdir(folder.c_str(), 0700) == 0) return sync_folder(folder.parent_path());
  if (errno != EEXIST) return std::unexpected(system_error(folder));
  return {};
}

base::Result<void> rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT) return std::unexpected(system_error(to));
  return sync_folder(to.parent_path());
}

base::Result<std::vector<std::string>> hashes_below(const std::filesystem::path& all, unsigned folder) {
  const std::string digits = base::hex(std::array{static_cast<unsigned char>(folder)});
  std::vector<std::string> hashes;
  std::error_code fault;
  for (std::filesystem::directory_iterator at(all / digits, fault), end; !fault && at != end; at.increment(fault)) {
    const std::string name = at->path().filename().string();
    if (name.size() == kNameDigits && name.find_first_not_of(kDigits) == std::string::npos)
      hashes.push_back(digits + name);
  }
  if (fault && fault != std::errc::no_such_file_or_directory)
    return base::failure("reading " + (all / digits).string() + ": " + fault.message());
  return hashes;
}

}  // namespace

struct NewFile::Digest {
  Digest() { base::check(context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1, "SHA-256"); }
  ~Digest() { EVP_MD_CTX_free(context); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

NewFile::NewFile(std::filesystem::path folder, net::Fd file)
    : folder_(std::move(folder)), file_(std::move(file)), digest_(std::make_unique<Digest>()) {}
NewFile::~NewFile() = default;

base::Result<std::unique_ptr<NewFile>> NewFile::create(const std::filesystem::path& folder) {
  net::Fd file(open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (file.get() < 0) return std::unexpected(system_error(folder));
  return std::unique_ptr<NewFile>(new NewFile(folder, std::move(file)));
}

base::Result<void> NewFile::append(std::string_view bytes) {
  base::check(EVP_DigestUpdate(digest_->context, bytes.data(), bytes.size()) == 1, "SHA-256");
  while (!bytes.empty()) {
    const ssize_t written = write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return std::unexpected(system_error("writing a file"));
    bytes.remove_prefix(static_cast<std::size_t>(written));
    unsynced_ += static_cast<std::uint64_t>(written);
  }
  if (unsynced_ < kSyncEvery) return {};
  unsynced_ = 0;
  if (fdatasync(file_.get()) != 0) return std::unexpected(system_error("writing a file"));
  return {};
}

base::Result<std::string> NewFile::seal() {
  if (fsync(file_.get()) != 0) return std::unexpected(system_error("writing a file"));
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int size = 0;
  base::check(EVP_DigestFinal_ex(digest_->context, hash.data(), &size) == 1, "SHA-256");
  hash_ = base::hex(std::span(hash).first(size));
  return hash_;
}

base::Result<void> NewFile::keep() {
  base::check(!hash_.empty(), "a file has its name from its hash");
  const std::filesystem::path target = place(folder_, hash_);
  if (auto made = make_folder(target.parent_path()); !made) return made;
  const std::string own = "/proc/self/fd/" + std::to_string(file_.get());
  if (linkat(AT_FDCWD, own.c_str(), AT_FDCWD, target.c_str(), AT_SYMLINK_FOLLOW) != 0 && errno != EEXIST)
    return std::unexpected(system_error(target));
  return sync_folder(target.parent_path());
}

base::Result<FileStore> FileStore::open(std::filesystem::path folder) {
  if (auto made = make_folder(folder); !made) return std::unexpected(made.error());
  if (auto tried = NewFile::create(folder); !tried) return std::unexpected(tried.error());
  return FileStore(std::move(folder));
}

base::Result<net::Fd> FileStore::read(std::string_view hash) const {
  net::Fd file(::open(place(folder_, hash).c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return std::unexpected(system_error("reading a file"));
  return file;
}

base::Result<void> FileStore::remove(std::string_view hash) const {
  if (unlink(place(folder_, hash).c_str()) != 0 && errno != ENOENT)
    return std::unexpected(system_error("removing a file"));
  return {};
}

base::Result<std::vector<std::string>> FileStore::list(unsigned folder) const { return hashes_below(folder_, folder); }

base::Result<std::vector<std::string>> FileStore::list_aside(unsigned folder) const {
  return hashes_below(aside_, folder);
}

/// The file tells by its own time since when it is there.
base::Result<void> FileStore::set_aside(std::string_view hash, base::WallTime now) const {
  const std::filesystem::path from = place(folder_, hash), to = place(aside_, hash);
  for (const auto& folder : {aside_, to.parent_path()})
    if (auto made = make_folder(folder); !made) return made;
  const auto since = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const std::array<timespec, 2> times{{{.tv_sec = since, .tv_nsec = 0}, {.tv_sec = since, .tv_nsec = 0}}};
  if (utimensat(AT_FDCWD, from.c_str(), times.data(), 0) != 0 && errno != ENOENT)
    return std::unexpected(system_error(from));
  return rename_file(from, to);
}

base::Result<void> FileStore::bring_back(std::string_view hash) const {
  const std::filesystem::path to = place(folder_, hash);
  if (auto made = make_folder(to.parent_path()); !made) return made;
  return rename_file(place(aside_, hash), to);
}

base::Result<void> FileStore::forget(std::string_view hash, base::WallTime before) const {
  const std::filesystem::path file = place(aside_, hash);
  struct stat info{};
  if (stat(file.c_str(), &info) != 0)
    return errno == ENOENT ? base::Result<void>() : std::unexpected(system_error(file));
  if (base::WallTime(std::chrono::seconds(info.st_mtim.tv_sec)) >= before) return {};
  if (unlink(file.c_str()) != 0 && errno != ENOENT) return std::unexpected(system_error(file));
  return {};
}

}  // namespace web
