#include "base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace base::log {
namespace {

class LogTest : public testing::Test {
 protected:
  // A file for each test and process: tests run side by side.
  LogTest()
      : file_(std::filesystem::path(testing::TempDir()) /
              (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + std::to_string(getpid()))) {
    std::filesystem::remove(file_);
    configure(Level::info, file_.string());
  }
  ~LogTest() override {
    configure(Level::info, "");
    std::filesystem::remove(file_);
  }
  std::string written() const {
    std::ostringstream all;
    all << std::ifstream(file_).rdbuf();
    return all.str();
  }
  std::filesystem::path file_;
};

TEST_F(LogTest, WritesOneLinePerEventWithItsFields) {
  info("c2s login", {{"jid", "romeo@example.org/orchard"}, {"ms", 12}});
  const std::string line = written();
  EXPECT_TRUE(line.ends_with(" info c2s login jid=romeo@example.org/orchard ms=12\n")) << line;
}

TEST_F(LogTest, APeerCannotForgeALineOrAField) {
  info("bind", {{"resource", "x\n2026 error fake ok=\"1\""}});
  const std::string line = written();
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
  EXPECT_NE(line.find(R"(resource="x\x0a2026 error fake ok=\"1\"")"), std::string::npos) << line;
}

TEST_F(LogTest, CutsEndlessValues) {
  info("bind", {{"resource", std::string(100'000, 'a')}});
  EXPECT_LT(written().size(), 1000u);
}

TEST_F(LogTest, IsReconfiguredWhileOthersLog) {
  constexpr int lines = 500;
  {
    std::vector<std::jthread> others;
    for (int i = 0; i < 3; ++i)
      others.emplace_back([] {
        for (int line = 0; line < lines; ++line) info("tick", {{"line", line}});
      });
    for (int i = 0; i < 50; ++i) configure(i % 2 == 0 ? Level::debug : Level::info, file_.string());
  }
  const std::string all = written();
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 3 * lines) << "none is lost or torn";
}

TEST_F(LogTest, AFileThatCannotBeOpenedLeavesTheLogAsItWas) {
  EXPECT_ANY_THROW(configure(Level::debug, file_.string() + "/x"));
  info("still here");
  EXPECT_TRUE(written().ends_with(" info still here\n"));
  EXPECT_FALSE(enabled(Level::debug));
}

TEST_F(LogTest, DropsWhatIsBelowTheLevel) {
  debug("noise");
  EXPECT_FALSE(enabled(Level::debug));
  EXPECT_EQ(written(), "");
}

}  // namespace
}  // namespace base::log
