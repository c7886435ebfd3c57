#include "engine/base/quote.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

// As Go 1.26 printed them with %q.
TEST(GoQuote, EscapesWhatGoEscapes) {
  EXPECT_EQ(GoQuote(""), R"("")");
  EXPECT_EQ(GoQuote("a \"b\" \\"), R"("a \"b\" \\")");
  EXPECT_EQ(GoQuote("\a\b\f\n\r\t\v"), R"("\a\b\f\n\r\t\v")");
  EXPECT_EQ(GoQuote(std::string_view("\0\x1b\x7f", 3)), R"("\x00\x1b\x7f")");
  EXPECT_EQ(GoQuote("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
  EXPECT_EQ(GoQuote("\xff\xed\xa0\x80"), R"("\xff\xed\xa0\x80")");
  EXPECT_EQ(GoQuote("\xef\xbf\xbd"), "\"\xef\xbf\xbd\"");  // U+FFFD itself.
  EXPECT_EQ(GoQuote("\xc2\xa0\xc2\xad\xe2\x80\xa8\xee\x80\x80"), R"("\u00a0\u00ad\u2028\ue000")");
  EXPECT_EQ(GoQuote("\xf4\x8f\xbf\xbf"), R"("\U0010ffff")");
}

}  // namespace
}  // namespace dunlin
