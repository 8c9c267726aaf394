// Files on disk, named by the SHA-256 of their content, below one folder. Everything here blocks on the disk: jobs of
// an executor call it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/fd.h"

namespace web {

/// One file that is being put. It has no name before keep(): a crash leaves nothing of it. One thread at a time.
class NewFile {
 public:
  /// In the folder's file system.
  static base::Result<std::unique_ptr<NewFile>> create(const std::filesystem::path& folder);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  base::Result<void> append(std::string_view bytes);
  /// All of it is there, and on the disk: its hash, 64 hexadecimal digits. Nothing can be appended any more.
  base::Result<std::string> seal();
  /// Gives it its name, which outlives a power cut once this returns. It is well if a file of that name is there.
  base::Result<void> keep();

 private:
  struct Digest;
  NewFile(std::filesystem::path folder, net::Fd file);

  std::filesystem::path folder_;
  net::Fd file_;
  std::unique_ptr<Digest> digest_;
  std::string hash_;
  std::uint64_t unsynced_ = 0;
};

class FileStore {
 public:
  static constexpr unsigned kFolders = 256;  ///< below the first, by the first two digits of a hash

  /// Makes the folder if there is none; only its owner may read it. Fails where files can't be without a name.
  static base::Result<FileStore> open(std::filesystem::path folder);

  base::Result<std::unique_ptr<NewFile>> create() const { return NewFile::create(folder_); }
  base::Result<net::Fd> read(std::string_view hash) const;
  /// It is well if there is none.
  base::Result<void> remove(std::string_view hash) const;
  /// The hashes whose files are in one of the folders.
  base::Result<std::vector<std::string>> list(unsigned folder) const;

  /// Out of the way, to `lost` below the folder. It is well if there is none, as with those that follow.
  base::Result<void> set_aside(std::string_view hash, base::WallTime now) const;
  base::Result<void> bring_back(std::string_view hash) const;
  /// Removes it if it was set aside before then.
  base::Result<void> forget(std::string_view hash, base::WallTime before) const;
  base::Result<std::vector<std::string>> list_aside(unsigned folder) const;

 private:
  explicit FileStore(std::filesystem::path folder) : folder_(std::move(folder)), aside_(folder_ / "lost") {}
  std::filesystem::path folder_, aside_;
};

}  // namespace web
