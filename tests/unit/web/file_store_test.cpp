// Files on disk by their content's hash: none before it is whole, one for the same bytes.
#include "web/file_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

namespace {

// printf 'hello world' | sha256sum
const std::string kHello = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";

class FileStoreTest : public testing::Test {
 protected:
  static std::string make_folder() {
    char name[] = "/tmp/web_test.XXXXXX";
    return mkdtemp(name);
  }
  ~FileStoreTest() override { std::filesystem::remove_all(folder_); }

  std::string put(std::initializer_list<std::string_view> pieces) const {
    auto file = std::move(*store.create());
    for (const std::string_view piece : pieces) EXPECT_TRUE(file->append(piece));
    const auto hash = file->seal();
    EXPECT_TRUE(file->keep());
    return hash.value();
  }
  std::size_t count() const {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) files += entry.is_regular_file();
    return files;
  }

 private:
  const std::string folder_ = make_folder();

 protected:
  web::FileStore store = web::FileStore::open(folder_ + "/uploads").value();
};

TEST_F(FileStoreTest, KeepsBytesByTheirHash) {
  EXPECT_EQ(put({"hello", " ", "world"}), kHello);
  EXPECT_EQ(put({"hello world"}), kHello);
  EXPECT_EQ(count(), 1U);
  const auto file = store.read(kHello);
  ASSERT_TRUE(file);
  std::string text(20, '\0');
  text.resize(static_cast<std::size_t>(read(file->get(), text.data(), text.size())));
  EXPECT_EQ(text, "hello world");
  struct stat info{};
  fstat(file->get(), &info);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(FileStoreTest, WhatIsNotKeptLeavesNothing) {
  {
    auto file = std::move(*store.create());
    EXPECT_TRUE(file->append("hello"));
    EXPECT_TRUE(file->seal());
  }
  EXPECT_EQ(count(), 0U);
}

TEST_F(FileStoreTest, ADiskThatTakesNoMoreIsToldAndLeavesNothing) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit full{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  {
    auto file = std::move(*store.create());
    EXPECT_TRUE(file->append(std::string(600, 'x')));
    EXPECT_FALSE(file->append(std::string(600, 'x')));
  }
  EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, ignored);
  EXPECT_EQ(count(), 0U);
  EXPECT_EQ(put({"hello world"}), kHello) << "with room again it goes on";
}

TEST_F(FileStoreTest, ListsAndRemoves) {
  put({"hello world"});
  const std::string other = put({"something else"});
  std::vector<std::string> all;
  for (unsigned folder = 0; folder < web::FileStore::kFolders; ++folder) {
    const auto part = store.list(folder);
    ASSERT_TRUE(part) << part.error().what;
    all.insert(all.end(), part->begin(), part->end());
  }
  EXPECT_EQ(all.size(), 2U);
  EXPECT_TRUE(store.remove(other));
  EXPECT_TRUE(store.remove(other)) << "it is gone";
  EXPECT_FALSE(store.read(other));
  EXPECT_EQ(store.list(0xb9), std::vector{kHello});
}

}  // namespace
