// What can be a hat (XEP-0317), and how it is kept.
#include "muc/hat.h"

#include <gtest/gtest.h>

#include <string>

namespace muc {
namespace {

TEST(HatTest, WhatCanBeOne) {
  const std::string uri = "https://example.org/hats#host";
  for (const char* hue : {"", "0", "360", "327.255249", "12.0"})
    EXPECT_TRUE((Hat{uri, hue, "Host of the evening"}.is_good())) << hue;
  for (const char* hue : {"-1", "-0", "361", "12.", ".5", "red", "12.5x", "1e2", "99999999999999999"})
    EXPECT_FALSE((Hat{uri, hue, "Host"}.is_good())) << hue;
  for (const char* bad : {"", "host", ":host", "a b:c", "urn:a\nurn:b", "urn:\x7F"})
    EXPECT_FALSE((Hat{bad, "", "Host"}.is_good())) << bad;
  EXPECT_FALSE((Hat{"urn:" + std::string(256, 'x'), "", "Host"}.is_good()));
  for (const std::string& bad : {std::string(), std::string("two\nlines"), std::string(129, 'x')})
    EXPECT_FALSE((Hat{uri, "", bad}.is_good())) << bad;
}

TEST(HatTest, TextAndBack) {
  const Hat hat = Hat::from(Hat{"urn:a", "", "Scribe & more"}.text());
  EXPECT_EQ(hat.uri, "urn:a");
  EXPECT_EQ(hat.hue, "");
  EXPECT_EQ(hat.title, "Scribe & more");
  EXPECT_EQ(Hat::from("damaged").uri, "");
}

TEST(HatTest, WhoWearsWhatStaysInOrder) {
  Texts worn;
  Hats::dress(worn, "romeo@example.org", {"urn:a"});
  Hats::dress(worn, "juliet@example.org", {"urn:a", "urn:b"});
  Hats::dress(worn, "juliet@example.com", {"urn:b"});
  EXPECT_EQ(worn, (Texts{"juliet@example.com\nurn:b", "juliet@example.org\nurn:a\nurn:b", "romeo@example.org\nurn:a"}));
  Hats::dress(worn, "juliet@example.org", {"urn:b"});
  Hats::dress(worn, "romeo@example.org", {});
  Hats::dress(worn, "nobody@example.org", {});
  EXPECT_EQ(worn, (Texts{"juliet@example.com\nurn:b", "juliet@example.org\nurn:b"}));
}

}  // namespace
}  // namespace muc
