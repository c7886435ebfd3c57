#include "tests/engine/config/parse_for_test.h"

namespace dunlin::config {
namespace {

TEST(Variables, StandForAKeyBeforeThem) {
  EXPECT_EQ(Parsed("\n  index = 22\n  foo = $index\n"), R"({"foo":22,"index":22})");
  EXPECT_EQ(Parsed("a = {b: [1, x]}\nc = $a\n"), R"({"a":{"b":[1,"x"]},"c":{"b":[1,"x"]}})");
}

TEST(Variables, PreferTheInnermostMap) {
  EXPECT_EQ(
      Parsed("\n  index = 22\n  nest {\n    index = 11\n    foo = $index\n  }\n  bar = $index\n"),
      R"({"bar":22,"index":22,"nest":{"foo":11,"index":11}})");
  EXPECT_EQ(Parsed("a = 1\nb { c [ { d = $a } ] }\n"), R"({"a":1,"b":{"c":[{"d":1}]}})");
}

TEST(Variables, TakeTheValueOfTheMoment) {
  EXPECT_EQ(Parsed("a = 1\nb = $a\na = 2\nc = $a\n"), R"({"a":2,"b":1,"c":2})");
}

TEST(Variables, DoNotReachIntoClosedMaps) {
  EXPECT_EQ(Parsed("a { x = 1 }\nb = $x\n"),
            "error: variable reference for 'x' on line 2 can not be found");
}

TEST(Variables, MustExist) {
  EXPECT_EQ(Parsed("foo=$index"),
            "error: variable reference for 'index' on line 1 can not be found");
  EXPECT_EQ(Parsed("foo = $%s"), "error: variable reference for '%s' on line 1 can not be found");
}

TEST(Variables, LeaveUnquotedBcryptHashesAlone) {
  EXPECT_EQ(Parsed("password: $2a$11$ooo"), R"({"password":"$2a$11$ooo"})");
}

TEST(Variables, MarkWhatTheyReferTo) {
  FakeSource source;
  const auto parsed =
      ParseText("a = 1\nb = 2\nc { d = $a, e = $b }\nb = 3\nf = $c\ng = $f\n", source);
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(Get(parsed.value(), "a").used_as_variable());
  // Not the value that took its place later.
  EXPECT_FALSE(Get(parsed.value(), "b").used_as_variable());
  EXPECT_TRUE(Get(parsed.value(), "c").used_as_variable());
  EXPECT_TRUE(Get(parsed.value(), "f").used_as_variable());
  EXPECT_FALSE(Get(parsed.value(), "g").used_as_variable());
  EXPECT_FALSE(Get(parsed.value(), "c/d").used_as_variable());
}

// ----------------------------------------------------------------------------------- Environment

std::string ParsedWith(std::string value, std::string_view text = "foo = $VAR") {
  FakeSource source;
  source.env["VAR"] = std::move(value);
  return Parsed(text, source);
}

TEST(Environment, IsUsedWhereNoKeyIsFound) {
  EXPECT_EQ(ParsedWith("22"), R"({"foo":22})");
  EXPECT_EQ(ParsedWith("22", "VAR = 1\nfoo = $VAR"), R"({"VAR":1,"foo":1})");
  EXPECT_EQ(ParsedWith("22", "VAX = 1\nfoo = $VAX\nbar = $VAR"), R"({"VAX":1,"bar":22,"foo":1})");
}

TEST(Environment, IsParsedAsAValue) {
  EXPECT_EQ(ParsedWith("xyz"), R"({"foo":"xyz"})");
  EXPECT_EQ(ParsedWith("3Gyz"), R"({"foo":"3Gyz"})");
  EXPECT_EQ(ParsedWith("3G"), R"({"foo":3000000000})");
  EXPECT_EQ(ParsedWith("yes"), R"({"foo":true})");
  EXPECT_EQ(ParsedWith("'3xyz'"), R"({"foo":"3xyz"})");
  EXPECT_EQ(ParsedWith("'22'"), R"({"foo":"22"})");
  EXPECT_EQ(ParsedWith("{a: [x, y]}"), R"({"foo":{"a":["x","y"]}})");
  EXPECT_EQ(ParsedWith(""), R"({"foo":""})");
}

TEST(Environment, PassesOnItsErrors) {
  EXPECT_EQ(
      ParsedWith("[", "\nfoo = $VAR"),
      "error: variable reference for 'VAR' on line 2 could not be parsed: Parse error on line "
      "1: 'Expected an array value terminator \",\" or an array terminator \"]\", but got '" +
          std::string(1, '\0') + "' instead.'");
}

TEST(Environment, MayReferToItself) {
  FakeSource source;
  source.env = {{"A", "$B"}, {"B", "7"}};
  EXPECT_EQ(Parsed("foo = $A", source), R"({"foo":7})");
  source.env["B"] = "$A";
  EXPECT_EQ(Parsed("foo = $A", source),
            "error: variable reference for 'A' on line 1 could not be parsed: variable reference "
            "for 'B' on line 1 could not be parsed: variable reference for 'A' on line 1 could not "
            "be parsed: variable reference cycle for 'A'");
}

// An environment value has no view of the file that uses it.
TEST(Environment, SeesOnlyItself) {
  EXPECT_EQ(ParsedWith("$a", "a = 1\nfoo = $VAR"),
            "error: variable reference for 'VAR' on line 2 could not be parsed: variable reference "
            "for 'a' on line 1 can not be found");
}

}  // namespace
}  // namespace dunlin::config
