#include "engine/base/utf8.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

TEST(Utf8, DecodesOneCharacter) {
  const auto expect = [](std::string_view text, char32_t value, int bytes) {
    EXPECT_EQ(DecodeRune(text).value, value);
    EXPECT_EQ(DecodeRune(text).bytes, bytes);
  };
  expect("", 0, 0);
  expect("ab", 'a', 1);
  expect("\xc3\xb8x", 0xf8, 2);
  expect("\xe2\x82\xac", 0x20ac, 3);
  expect("\xf0\x9f\x90\xa6", 0x1f426, 4);
}

TEST(Utf8, TakesABadByteAlone) {
  for (const std::string_view bad :
       {"\x80", "\xff", "\xc3", "\xc3(", "\xc0\xaf", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    EXPECT_EQ(DecodeRune(bad).value, kReplacementRune) << static_cast<int>(bad[0]);
    EXPECT_EQ(DecodeRune(bad).bytes, 1);
  }
}

TEST(Utf8, WritesWhatItReads) {
  for (char32_t rune = 0; rune <= 0x10ffff; rune += rune < 0x3000 ? 1 : 251) {
    if (rune >= 0xd800 && rune <= 0xdfff) continue;
    std::string text;
    AppendRune(rune, &text);
    ASSERT_EQ(DecodeRune(text).value, rune);
    ASSERT_EQ(DecodeRune(text).bytes, static_cast<int>(text.size()));
  }
}

TEST(Utf8, KnowsSpacesAndDigitsOfAllScripts) {
  for (const char32_t space : {0x9, 0xa, 0xd, 0x20, 0x85, 0xa0, 0x2003, 0x2028, 0x3000}) {
    EXPECT_TRUE(IsSpaceRune(space));
  }
  for (const char32_t other : {0x0, 0x8, 0xe, 0x41, 0x200b, 0xfeff})
    EXPECT_FALSE(IsSpaceRune(other));
  for (const char32_t digit : {0x30, 0x39, 0x660, 0x669, 0xff15, 0x1d7ce, 0x1d7ff, 0x1fbf9}) {
    EXPECT_TRUE(IsDigitRune(digit));
  }
  for (const char32_t other : {0x2f, 0x3a, 0xb2, 0x65f, 0x66a, 0x1d800, 0x1fbfa}) {
    EXPECT_FALSE(IsDigitRune(other));
  }
}

}  // namespace
}  // namespace dunlin
