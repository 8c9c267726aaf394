// The log is moved into the file beside commits, and begins anew.
#include "store/checkpointer.h"

#include <filesystem>

#include "fixture.h"

namespace store_test {
namespace {

using store::Checkpointer;

constexpr std::uintmax_t kMegabyte = 1 << 20;

class CheckpointerTest : public StoreTest {
 protected:
  /// Commits so many megabytes, each in a commit of its own; `between` runs after each.
  template <class Between>
  void write_megabytes(int count, Between between) {
    for (int i = 0; i < count; ++i) {
      base::Result<void> result;
      give(result,
           store::VcardPut{std::to_string(i % 20) + "@b", std::string(kMegabyte, static_cast<char>('a' + i % 26))});
      writing.run();
      between();
      loop.run();
      ASSERT_TRUE(result);
    }
  }
  std::uintmax_t log_size() const { return std::filesystem::file_size(path() + "-wal"); }
  std::uintmax_t file_size() const { return std::filesystem::file_size(path()); }
};

TEST_F(CheckpointerTest, TheLogBeginsAnewOnceItIsMoved) {
  open();
  write_megabytes(70, [&] {});
  EXPECT_LT(file_size(), kMegabyte) << "commits move nothing themselves";
  std::uintmax_t largest = 0;
  write_megabytes(200, [&] {
    reading.run();
    largest = std::max(largest, log_size());
  });
  EXPECT_GT(file_size(), 15 * kMegabyte);
  EXPECT_LT(largest, 80 * kMegabyte);
  EXPECT_EQ(get([](store::Reader& r) { return r.vcard("9@b"); })->size(), kMegabyte);
}

TEST_F(CheckpointerTest, CommitsWaitWhereTheLogGrowsTooLarge) {
  open();
  write_megabytes(400, [&] {});  // the executor does nothing
  EXPECT_GT(file_size(), 15 * kMegabyte);
  EXPECT_LT(log_size(), 300 * kMegabyte);
}

TEST_F(CheckpointerTest, AReaderKeepsWhatItSees) {
  open();
  write_megabytes(20, [&] {});
  auto reader = store::Database::open(path(), {.read_only = true});
  ASSERT_TRUE(reader && (*reader)->run("BEGIN"));
  const auto seen = [&] {
    return (*reader)->number("SELECT count(*) FROM vcard WHERE substr(xml, 1, 1) = x'74'").value();
  };
  ASSERT_EQ(seen(), 1);
  write_megabytes(120, [&] { reading.run(); });
  EXPECT_EQ(seen(), 1);
  EXPECT_GT(log_size(), 100 * kMegabyte);
  (*reader)->rollback();
  write_megabytes(10, [&] { reading.run(); });
  const auto before = log_size();
  write_megabytes(50, [&] { reading.run(); });
  EXPECT_EQ(log_size(), before) << "it was begun anew";
}

}  // namespace
}  // namespace store_test
