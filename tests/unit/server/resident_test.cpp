// What the start has used is given back, and everything goes on.
#include "resident.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace {

/// Pages of files that are mapped and in memory: most of them code.
long pages_of_files() {
  std::ifstream status("/proc/self/smaps_rollup");
  long all = 0, anonymous = 0;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Rss:")) all = std::stol(line.substr(4));
    if (line.starts_with("Anonymous:")) anonymous = std::stol(line.substr(10));
  }
  return all - anonymous;
}

TEST(Resident, WhatOnlyTheStartNeededGoes) {
  const long before = pages_of_files();
  ASSERT_GT(before, 0);
  let_go_of_the_start();
  EXPECT_LT(pages_of_files(), before);
}

}  // namespace
