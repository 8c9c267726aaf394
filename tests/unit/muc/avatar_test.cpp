// The hash by which clients know a room's avatar (XEP-0486 3.3, XEP-0153 3.1).
#include "muc/avatar.h"

#include <gtest/gtest.h>

#include <string>

#include "xml/stream_reader.h"

namespace muc {
namespace {

const std::string kSvg =  // the XEP's own
    "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSIzMiIgaGVpZ2h0PSIzMiI+CiA8cmVjdCB4PSIwIiB5PSIwIiB3a"
    "WR0aD0iMzIiIGhlaWdodD0iMzIiIGZpbGw9InJlZCIvPgo8L3N2Zz4K";

std::optional<Texts> hashes(const std::string& inside) {
  return avatar_hashes(xml::parse_element("<vCard xmlns='vcard-temp'>" + inside + "</vCard>")->root());
}
std::string photo(const std::string& text) {
  return "<PHOTO><TYPE>image/svg+xml</TYPE><BINVAL>" + text + "</BINVAL></PHOTO>";
}

TEST(Avatar, IsKnownByItsHash) {
  EXPECT_EQ(hashes(photo(kSvg)), (Texts{"a31c4bd04de69663cfd7f424a8453f4674da37ff"}));
  EXPECT_EQ(hashes(photo(kSvg.substr(0, 76) + "\n  " + kSvg.substr(76))),
            (Texts{"a31c4bd04de69663cfd7f424a8453f4674da37ff"}))
      << "lines may be broken";
  EXPECT_EQ(hashes(photo(kSvg) + photo("")),
            (Texts{"a31c4bd04de69663cfd7f424a8453f4674da37ff", "da39a3ee5e6b4b0d3255bfef95601890afd80709"}));
}

TEST(Avatar, MayBeMissing) {
  EXPECT_EQ(hashes(""), Texts());
  EXPECT_EQ(hashes("<FN>The hall</FN><PHOTO><EXTVAL>https://example.org/hall.png</EXTVAL></PHOTO>"), Texts());
}

TEST(Avatar, IsBase64) {
  EXPECT_EQ(hashes(photo("no base64!")), std::nullopt);
  EXPECT_EQ(hashes(photo(kSvg + "=")), std::nullopt);
  std::string many;
  for (int i = 0; i < 9; ++i) many += photo("AAAA");
  EXPECT_EQ(hashes(many), std::nullopt);
}

}  // namespace
}  // namespace muc
