// The Lexer inside a value.
#include <gtest/gtest.h>

#include "tests/engine/config/lex_for_test.h"

namespace dunlin::config {
namespace {

// ---------------------------------------------------------------------------------------- Strings

TEST(Lexer, ReadsQuotedStrings) {
  EXPECT_EQ(Lex("foo = \"bar\""), AfterFoo({"1:7 string bar"}));
  EXPECT_EQ(Lex("foo = 'bar'"), AfterFoo({"1:7 string bar"}));
  EXPECT_EQ(Lex("foo='bar'"), AfterFoo({"1:5 string bar"}));
  EXPECT_EQ(Lex("foo='bar'\r\n"), AfterFoo({"1:5 string bar"}));
  EXPECT_EQ(Lex("foo=\t'bar'\t"), AfterFoo({"1:6 string bar"}));
  EXPECT_EQ(Lex("foo = \"\""), AfterFoo({"1:7 string"}));
  EXPECT_EQ(Lex("foo = ''"), AfterFoo({"1:7 string"}));
}

TEST(Lexer, KeepsBackslashesInSingleQuotes) {
  EXPECT_EQ(Lex("foo = 'bar\\r\\n  \\t'"), AfterFoo({"1:7 string bar\\r\\n  \\t"}));
}

TEST(Lexer, ReadsBareStrings) {
  EXPECT_EQ(Lex("foo = bar"), AfterFoo({"1:6 string bar"}));
  // A single quote ends one too.
  EXPECT_EQ(Lex("foo = bar' "), AfterFoo({"1:6 string bar"}));
  EXPECT_EQ(
      Lex("\nfoo = 123\nbar = baz\nbaz=boo\nmap {\n id:one\n id2 : onetwo\n}\nt true\nf false\n"
          "tstr \"true\"\ntkey = two\nfkey = five # text\n"),
      Tokens({"2:1 key foo",     "2:7 integer 123", "3:1 key bar",      "3:7 string baz",
              "4:1 key baz",     "4:5 string boo",  "5:1 key map",      "5:6 {",
              "6:2 key id",      "6:5 string one",  "7:2 key id2",      "7:8 string onetwo",
              "8:2 }",           "9:1 key t",       "9:3 bool true",    "10:1 key f",
              "10:3 bool false", "11:1 key tstr",   "11:7 string true", "12:1 key tkey",
              "12:8 string two", "13:1 key fkey",   "13:8 string five", "13:14 comment  text"}));
}

TEST(Lexer, TakesAWordThatStartsWithDigitsForAString) {
  EXPECT_EQ(Lex("foo = 3xyz"), AfterFoo({"1:6 string 3xyz"}));
  EXPECT_EQ(Lex("foo = 3xyz,"), AfterFoo({"1:6 string 3xyz"}));
  EXPECT_EQ(Lex("foo = 3xyz;"), AfterFoo({"1:6 string 3xyz"}));
  EXPECT_EQ(Lex("\n        foo = 3xyz\n        "), Tokens({"2:9 key foo", "2:15 string 3xyz"}));
  EXPECT_EQ(Lex("\n        map {\n          foo = 3xyz}\n"),
            Tokens({"2:9 key map", "2:14 {", "3:11 key foo", "3:17 string 3xyz", "3:22 }"}));
  EXPECT_EQ(Lex("\n        map {\n          foo = 3xyz;\n        }\n"),
            Tokens({"2:9 key map", "2:14 {", "3:11 key foo", "3:17 string 3xyz", "4:10 }"}));
  EXPECT_EQ(Lex("\n        map {\n          foo = 3xyz,\n          bar = 4wqs\n        }\n"),
            Tokens({"2:9 key map", "2:14 {", "3:11 key foo", "3:17 string 3xyz", "4:11 key bar",
                    "4:17 string 4wqs", "5:10 }"}));
}

TEST(Lexer, ReadsAddressesAsStrings) {
  const auto value = [](std::string text) { return Lex("listen: " + text).back(); };
  EXPECT_EQ(value("127.0.0.1:4222"), "1:8 string 127.0.0.1:4222");
  EXPECT_EQ(value("127.0.0.1"), "1:8 string 127.0.0.1");
  EXPECT_EQ(value("apcera.me:80"), "1:8 string apcera.me:80");
  EXPECT_EQ(value("nats.io:-1"), "1:8 string nats.io:-1");
  EXPECT_EQ(value("-1"), "1:8 integer -1");
  EXPECT_EQ(value(":-1"), "1:8 string :-1");
  EXPECT_EQ(Lex("listen = :80").back(), "1:9 string :80");
  EXPECT_EQ(Lex("listen = [localhost:4222, localhost:4333]"),
            Tokens({"1:0 key listen", "1:10 [", "1:10 string localhost:4222",
                    "1:26 string localhost:4333", "1:41 ]"}));
}

// ---------------------------------------------------------------------------------------- Escapes

TEST(Lexer, ResolvesHexEscapes) {
  EXPECT_EQ(Lex("foo = \\x65"), AfterFoo({"1:9 string e"}));
  EXPECT_EQ(Lex("foo = \\xe9"), AfterFoo({"1:9 string \xe9"}));
}

TEST(Lexer, ResolvesLetterEscapes) {
  EXPECT_EQ(Lex("\nfoo  = \\t\nbar  = \\r\nbaz  = \\n\nq    = \\\"\nbs   = \\\\\n"),
            Tokens({"2:1 key foo", "2:9 string \t", "3:1 key bar", "3:9 string \r", "4:1 key baz",
                    "4:9 string \n", "5:1 key q", "5:9 string \"", "6:1 key bs", "6:9 string \\"}));
}

TEST(Lexer, ResolvesEscapesAnywhereInAString) {
  EXPECT_EQ(Lex(R"(foo = "\\end")"), AfterFoo({"1:8 string \\end"}));
  EXPECT_EQ(Lex(R"(foo = "start\\")"), AfterFoo({"1:8 string start\\"}));
  EXPECT_EQ(Lex(R"(foo = \x45\x71)"), AfterFoo({"1:12 string Eq"}));
  EXPECT_EQ(Lex(R"(foo = start\x45\x71)"), AfterFoo({"1:12 string startEq"}));
  EXPECT_EQ(Lex(R"(foo = start\x7Cend)"), AfterFoo({"1:9 string start|end"}));
  EXPECT_EQ(Lex(R"(foo = \x3c\x3eend)"), AfterFoo({"1:12 string <>end"}));
  EXPECT_EQ(Lex(R"(foo = \x3cmiddle\x3E)"), AfterFoo({"1:12 string <middle>"}));
}

TEST(Lexer, TakesAWordWithAnEscapeForAString) {
  EXPECT_EQ(Lex(R"(foo = \\true)"), AfterFoo({"1:7 string \\true"}));
  EXPECT_EQ(Lex(R"(foo = \x74rue)"), AfterFoo({"1:9 string true"}));
  EXPECT_EQ(Lex(R"(foo = \\$var)"), AfterFoo({"1:7 string \\$var"}));
}

TEST(Lexer, RefusesUnknownEscapes) {
  EXPECT_EQ(
      Lex(R"(foo = \y)"),
      AfterFoo({"1:8 error Invalid escape character 'y'. Only the following escape characters "
                R"(are allowed: \xXX, \t, \n, \r, \", \\.)"}));
}

TEST(Lexer, RefusesHexEscapesWithoutTwoDigits) {
  const std::string wanted = "error Expected two hexadecimal digits after '\\x', but ";
  EXPECT_EQ(Lex("foo = xyz\\x\n"), AfterFoo({"2:1 " + wanted + "hit end of line"}));
  EXPECT_EQ(Lex("foo = xyz\\xF\n"), AfterFoo({"2:1 " + wanted + "hit end of line"}));
  EXPECT_EQ(Lex(R"(foo = "[\x]")"), AfterFoo({"1:12 " + wanted + "got ']\"'"}));
  EXPECT_EQ(Lex(R"(foo = "[\xe]")"), AfterFoo({"1:12 " + wanted + "got 'e]'"}));
  EXPECT_EQ(Lex(R"(foo = \x)"), AfterFoo({"1:8 " + wanted + "got '\\x'"}));
}

// ---------------------------------------------------------------------- Numbers, dates, booleans

TEST(Lexer, ReadsIntegers) {
  for (const std::string number : {"123", "-123"}) {
    EXPECT_EQ(Lex("foo = " + number), AfterFoo({"1:6 integer " + number}));
    EXPECT_EQ(Lex("foo=" + number), AfterFoo({"1:4 integer " + number}));
    EXPECT_EQ(Lex("foo=" + number + "\r\n"), AfterFoo({"1:4 integer " + number}));
  }
}

TEST(Lexer, ReadsIntegersWithASizeSuffix) {
  for (const std::string number : {"1k", "1K", "1m", "1M", "1g", "1G", "1MB", "1Gb", "-1m", "-1GB",
                                   "7t", "7TiB", "7p", "7E"}) {
    EXPECT_EQ(Lex("foo = " + number), AfterFoo({"1:6 integer " + number}));
    EXPECT_EQ(Lex("foo = " + number + ' '), AfterFoo({"1:6 integer " + number}));
  }
  for (const std::string text : {"1Ghz", "2Pie", "3Mbs"}) {
    EXPECT_EQ(Lex("foo = " + text), AfterFoo({"1:6 string " + text}));
  }
  EXPECT_EQ(Lex("foo = 3Mbs,"), AfterFoo({"1:6 string 3Mbs"}));
  EXPECT_EQ(Lex("foo = 4Gb, bar = 5G\xc3\xb8"),
            AfterFoo({"1:6 integer 4Gb", "1:11 key bar", "1:17 string 5G\xc3\xb8"}));
}

TEST(Lexer, ReadsFloats) {
  EXPECT_EQ(Lex("foo = 22.2"), AfterFoo({"1:6 float 22.2"}));
  EXPECT_EQ(Lex("foo = -22.2"), AfterFoo({"1:6 float -22.2"}));
  EXPECT_EQ(Lex("foo=22.2"), AfterFoo({"1:4 float 22.2"}));
  EXPECT_EQ(Lex("foo=22.2\r\n"), AfterFoo({"1:4 float 22.2"}));
}

TEST(Lexer, RefusesHalfNumbers) {
  EXPECT_EQ(Lex("foo = .2"), AfterFoo({"1:7 error Floats must start with a digit"}));
  EXPECT_EQ(Lex("foo = -.2"), AfterFoo({"1:8 error Floats must start with a digit, not '.'."}));
  EXPECT_EQ(Lex("foo = -x"), AfterFoo({"1:8 error Expected a digit but got 'x'."}));
  EXPECT_EQ(Lex("foo = 2.x"),
            AfterFoo({"1:9 error Floats must have a digit after the '.', but got 'x' instead."}));
}

TEST(Lexer, TakesANumberDirectlyBeforeABracketForAString) {
  EXPECT_EQ(Lex("foo = [1]"),
            AfterFoo({"1:7 [", "1:7 string 1]",
                      "1:9 error Expected an array value terminator \",\" or an array terminator "
                      "\"]\", but got '" +
                          std::string(1, '\0') + "' instead."}));
  EXPECT_EQ(Lex("foo = [1k]"), AfterFoo({"1:7 [", "1:7 string 1k", "1:10 ]"}));
}

TEST(Lexer, ReadsDates) {
  EXPECT_EQ(Lex("foo = 2016-05-04T18:53:41Z"), AfterFoo({"1:6 date 2016-05-04T18:53:41Z"}));
  EXPECT_EQ(Lex("foo = 16-05-04").back(), "1:9 error All ISO8601 dates must be in full Zulu form.");
  EXPECT_EQ(Lex("foo = 2016-x").back(),
            "1:12 error Expected digit in ISO8601 datetime, but found 'x' instead.");
  EXPECT_EQ(Lex("foo = 2016-05-04 18:53:41Z").back(),
            "1:17 error Expected 'T' in ISO8601 datetime, but found ' ' instead.");
}

TEST(Lexer, ReadsBooleans) {
  EXPECT_EQ(Lex("foo = true"), AfterFoo({"1:6 bool true"}));
  EXPECT_EQ(Lex("foo=true"), AfterFoo({"1:4 bool true"}));
  EXPECT_EQ(Lex("foo=true\r\n"), AfterFoo({"1:4 bool true"}));
  EXPECT_EQ(Lex("foo=oN"), AfterFoo({"1:4 bool oN"}));
  EXPECT_EQ(Lex("foo=onn"), AfterFoo({"1:4 string onn"}));
}

TEST(Lexer, ReadsVariables) {
  EXPECT_EQ(Lex("foo = $bar"), AfterFoo({"1:7 variable bar"}));
  EXPECT_EQ(Lex("foo =$bar"), AfterFoo({"1:6 variable bar"}));
  EXPECT_EQ(Lex("foo $bar"), AfterFoo({"1:5 variable bar"}));
}

// ---------------------------------------------------------------------------------- Block strings

TEST(Lexer, EndsABlockStringAtAParenthesisOnItsOwnLine) {
  EXPECT_EQ(Lex("\nnumbers (\n1234567890\n)\n"),
            Tokens({"2:1 key numbers", "4:10 string \n1234567890\n"}));
  EXPECT_EQ(Lex("\nnumbers (\n  12(34)56\n  (\n    7890\n  )\n)\n"),
            Tokens({"2:1 key numbers", "7:10 string \n  12(34)56\n  (\n    7890\n  )\n"}));
  EXPECT_EQ(Lex(std::string_view("\nnumbers (\n1234567890\n)\0", 24)),
            Tokens({"2:1 key numbers", "4:10 string \n1234567890\n"}));
}

TEST(Lexer, KeepsTheParenthesisOfABlockStringAtTheVeryEnd) {
  EXPECT_EQ(Lex("foo (\n1\n)"), AfterFoo({"3:5 string \n1\n)"}));
}

}  // namespace
}  // namespace dunlin::config
