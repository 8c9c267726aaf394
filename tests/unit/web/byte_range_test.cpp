// Which part of a file a Range asks for (RFC 9110 14.1.2, 14.2).
#include "web/byte_range.h"

#include <gtest/gtest.h>

namespace {

using web::RangeKind;

TEST(ByteRange, Table) {
  const web::RangeWish whole, none{.kind = RangeKind::unsatisfiable};
  const auto part = [](std::uint64_t first, std::uint64_t count) {
    return web::RangeWish{.kind = RangeKind::part, .range = {first, count}};
  };
  const struct {
    std::string_view field;
    web::RangeWish wish;
  } rows[] = {{"bytes=0-0", part(0, 1)},
              {"bytes=0-99", part(0, 100)},
              {"bytes=0-100", part(0, 100)},
              {"bytes=10-", part(10, 90)},
              {"bytes=99-", part(99, 1)},
              {"bytes=100-", none},
              {"bytes=100-200", none},
              {"bytes=-1", part(99, 1)},
              {"bytes=-100", part(0, 100)},
              {"bytes=-1000", part(0, 100)},
              {"bytes=-0", none},
              {"BYTES= 5-6 ", part(5, 2)},
              {"bytes=5-99999999999999999999999", part(5, 95)},
              {"bytes=99999999999999999999999-", none},
              {"bytes=6-5", whole},
              {"bytes=", whole},
              {"bytes=-", whole},
              {"bytes=a-b", whole},
              {"bytes=1-b", whole},
              {"bytes=+1-2", whole},
              {"bytes=1--2", whole},
              {"bytes=0-1,3-4", whole},
              {"lines=0-1", whole},
              {"bytes", whole},
              {"", whole}};
  for (const auto& [field, wish] : rows) EXPECT_EQ(web::read_range(field, 100), wish) << field;
}

}  // namespace
