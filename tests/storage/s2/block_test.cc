#include "storage/s2/block.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/storage/format/hex.h"

namespace dunlin::s2 {
namespace {

std::string Decoded(std::string_view hex, uint64_t bytes_max = 1 << 20) {
  std::string out;
  return DecodeBlock(FromHex(hex), bytes_max, &out) ? out : "damaged";
}

TEST(S2Block, DecodesLiteralsOfEveryLength) {
  EXPECT_EQ(Decoded("00"), "");
  EXPECT_EQ(Decoded("0308616263"), "abc");
  EXPECT_EQ(Decoded("03f002616263"), "abc");
  EXPECT_EQ(Decoded("03f40200616263"), "abc");
  EXPECT_EQ(Decoded("03f8020000616263"), "abc");
  EXPECT_EQ(Decoded("03fc02000000616263"), "abc");
}

TEST(S2Block, DecodesCopies) {
  EXPECT_EQ(Decoded("07"
                    "08616263"
                    "0103"),
            "abcabca");  // One byte of offset.
  EXPECT_EQ(Decoded("08"
                    "08616263"
                    "120300"),
            "abcabcab");  // Two: length 5.
  EXPECT_EQ(Decoded("08"
                    "08616263"
                    "1303000000"),
            "abcabcab");  // Four.
  EXPECT_EQ(Decoded("09"
                    "0061"
                    "1d01"),
            "damaged");  // 1 + 11 bytes are not 9.
  EXPECT_EQ(Decoded("0c"
                    "0061"
                    "1d01"),
            std::string(12, 'a'));  // A run.
}

// What Snappy does not have: offset 0 is the last one again, and then lengths can be long.
TEST(S2Block, DecodesRepeatedOffsets) {
  EXPECT_EQ(Decoded("0c"
                    "08616263"
                    "0103"
                    "0064"
                    "0100"),
            "abcabcadcadc");
  EXPECT_EQ(Decoded("10"
                    "0061"
                    "0101"
                    "150002"),
            "damaged");
  EXPECT_EQ(Decoded("0f"
                    "0061"
                    "0101"
                    "150002"),
            std::string(15, 'a'));  // 4 + 4 + 2
  EXPECT_EQ(Decoded("8a02"
                    "0061"
                    "0101"
                    "19000100"),
            std::string(266, 'a'));  // 4 + 256 + 1
  EXPECT_EQ(Decoded("8a8004"
                    "0061"
                    "0101"
                    "1d00010000"),
            std::string(65'546, 'a'));
}

TEST(S2Block, RefusesWhatCannotBe) {
  EXPECT_EQ(Decoded(""), "damaged");
  EXPECT_EQ(Decoded("ffffffffff7f"), "damaged");  // No such length.
  EXPECT_EQ(Decoded("ffffffff0f"), "damaged");    // Longer than wanted.
  EXPECT_EQ(Decoded("04"
                    "08616263"),
            "damaged");  // Too few bytes come out.
  EXPECT_EQ(Decoded("02"
                    "08616263"),
            "damaged");  // Too many.
  EXPECT_EQ(Decoded("04"
                    "0c616263"),
            "damaged");  // Literal past the end.
  EXPECT_EQ(Decoded("07"
                    "08616263"
                    "0104"),
            "damaged");  // From before the beginning.
  EXPECT_EQ(Decoded("07"
                    "08616263"
                    "0100"),
            "damaged");  // Nothing to repeat yet.
  EXPECT_EQ(Decoded("07"
                    "08616263"
                    "01"),
            "damaged");
  EXPECT_EQ(Decoded("07"
                    "08616263"
                    "12"),
            "damaged");
  EXPECT_EQ(Decoded("0308616263", 2), "damaged");
  std::string out = "before";
  EXPECT_FALSE(DecodeBlock(FromHex("0408616263"), 100, &out));
  EXPECT_EQ(out, "before");
}

RC_GTEST_PROP(S2BlockProperty, ReadsBackWhatItWrites,
              (const std::string& a, const std::string& b, uint8_t times)) {
  std::string plain;
  for (int i = 0; i < times; ++i) plain += i % 3 == 0 ? a : b;
  std::string block = "x";
  EncodeBlock(plain, &block);
  std::string back = "y";
  RC_ASSERT(DecodeBlock(std::string_view(block).substr(1), plain.size(), &back));
  RC_ASSERT(back == "y" + plain);
}

}  // namespace
}  // namespace dunlin::s2
