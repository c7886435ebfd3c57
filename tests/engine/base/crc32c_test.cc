#include "engine/base/crc32c.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string_view>
#include <vector>

namespace dunlin {
namespace {

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
TEST(Crc32c, HasTheKnownValues) {
  EXPECT_EQ(Crc32c(0, Bytes("123456789")), 0xe3069283u);
  EXPECT_EQ(Crc32c(0, std::vector<uint8_t>(32, 0)), 0x8a9136aau);
  EXPECT_EQ(Crc32c(0, std::vector<uint8_t>(32, 0xff)), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(0, {}), 0u);
}

// Lengths around where the lanes begin and end.
TEST(Crc32c, IsTheSameByTablesAndByInstruction) {
  std::vector<uint8_t> bytes(7000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * i * 31 + i / 256);
  for (const size_t size : {1, 7, 8, 9, 383, 384, 385, 767, 3071, 3072, 3073, 3456, 6144, 7000}) {
    const std::span<const uint8_t> part(bytes.data(), size);
    EXPECT_EQ(Crc32c(77, part), Crc32cByTables(77, part)) << size;
  }
}

RC_GTEST_PROP(Crc32cProperty, OfTwoPartsIsThatOfTheWhole,
              (std::vector<uint8_t> bytes, uint32_t seed, uint16_t at)) {
  for (int i = 0; i < 4 && !bytes.empty() && bytes.size() < 4000; ++i)
    bytes.insert(bytes.end(), bytes.begin(), bytes.end());
  const std::span<const uint8_t> all(bytes);
  const size_t cut = bytes.empty() ? 0 : at % bytes.size();
  RC_ASSERT(Crc32c(Crc32c(seed, all.first(cut)), all.subspan(cut)) == Crc32c(seed, all));
  RC_ASSERT(Crc32cByTables(seed, all) == Crc32c(seed, all));
}

}  // namespace
}  // namespace dunlin
