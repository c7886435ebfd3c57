#include "host/quote.h"

#include <gtest/gtest.h>

#include "host/system_error.h"

namespace dunlin::host {
namespace {

TEST(Quoted, EscapesAsGoDoes) {
  EXPECT_EQ(Quoted("stop"), "\"stop\"");
  EXPECT_EQ(Quoted("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(Quoted("\a\b\f\n\r\t\v"), R"("\a\b\f\n\r\t\v")");
  EXPECT_EQ(Quoted(std::string_view("\0\x1f\x7f", 3)), R"("\x00\x1f\x7f")");
  EXPECT_EQ(Quoted("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa6"),
            "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa6\"");
  EXPECT_EQ(Quoted("\xff\xc3(\xed\xa0\x80"), R"("\xff\xc3(\xed\xa0\x80")");
}

TEST(ErrorWords, AreInLowerCase) {
  EXPECT_EQ(ErrorWords(2), "no such file or directory");
  EXPECT_EQ(ErrorWords(98), "address already in use");
  EXPECT_EQ(ErrorWords(73), "RFS specific error");
  EXPECT_EQ(ErrorWords(9999), "unknown error");
}

}  // namespace
}  // namespace dunlin::host
