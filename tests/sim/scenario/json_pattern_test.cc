#include "sim/scenario/json_pattern.h"

#include <gtest/gtest.h>

namespace dunlin::scenario {
namespace {

class Nothing : public Names {
  std::optional<std::string> Find(std::string_view, std::string_view) const override {
    return std::nullopt;
  }
};

std::string Compare(std::string_view pattern, std::string_view json, Captures* captures = nullptr) {
  Problem problem;
  size_t consumed = 0;
  const auto parsed = ParseJsonPattern(pattern, {1, 1}, &consumed, &problem);
  if (!parsed) return "pattern: " + problem.text;
  std::string error;
  const auto value = ParseJson(json, &error);
  if (!value) return "json: " + error;
  Captures own;
  return Mismatch(*parsed, *value, Nothing(), captures != nullptr ? captures : &own);
}

TEST(ScenarioJson, FieldsThatAreNotMentionedDoNotMatter) {
  EXPECT_EQ(Compare("{ a: 1 }", R"({"a":1,"b":2})"), "");
  EXPECT_EQ(Compare("{ }", R"({"b":2})"), "");
}

TEST(ScenarioJson, ADifferenceIsNamedByItsPath) {
  EXPECT_EQ(Compare("{ a: [ { b: 1 } ] }", R"({"a":[{"b":2}]})"),
            "a[0].b: expected 1, got a number: 2");
  EXPECT_EQ(Compare("{ a: 1 }", R"({"b":2})"),
            "a: expected, but there is no such field, in {\"b\": 2}");
  EXPECT_EQ(Compare("{ a: absent }", R"({"a":2})"), "a: expected absent, got a number: 2");
}

TEST(ScenarioJson, NumbersAreComparedAsWritten) {
  EXPECT_EQ(Compare("{ a: 1 }", R"({"a":1.0})"), "a: expected 1, got a number: 1.0");
  EXPECT_EQ(Compare("{ a: 1.0 }", R"({"a":1.0})"), "");
}

TEST(ScenarioJson, TypesAreTold) {
  constexpr std::string_view kJson =
      R"({"s":"ab","i":5,"f":1.5,"b":true,"o":{},"a":[1],"n":null,"t":"2026-11-21T22:58:19.5Z","d":"1m2.5s"})";
  EXPECT_EQ(Compare("{ s: string, i: int, f: number, b: bool, o: object, a: array, n: null, t: "
                    "time, d: duration }",
                    kJson),
            "");
  for (const char* wrong :
       {"{ i: string }", "{ f: int }", "{ s: number }", "{ i: bool }", "{ a: object }",
        "{ o: array }", "{ s: null }", "{ s: time }", "{ s: duration }", "{ n: any, x: any }"}) {
    EXPECT_NE(Compare(wrong, kJson), "") << wrong;
  }
}

TEST(ScenarioJson, SizesAndRangesAreChecked) {
  EXPECT_EQ(Compare("{ a: string(2), b: array(>1), c: > 4, d: 1..3, e: != 0 }",
                    R"({"a":"xy","b":[1,2],"c":5,"d":3,"e":1})"),
            "");
  EXPECT_EQ(Compare("{ a: string(3) }", R"({"a":"xy"})"),
            "a: expected string of size ${3..3}, got a string: \"xy\"");
  EXPECT_NE(Compare("{ b: array(>2) }", R"({"b":[1,2]})"), "");
  EXPECT_NE(Compare("{ d: 1..3 }", R"({"d":3.5})"), "");
}

TEST(ScenarioJson, ArraysAreExactUnlessTheyGoOn) {
  EXPECT_EQ(Compare("[1, 2]", "[1,2]"), "");
  EXPECT_NE(Compare("[1]", "[1,2]"), "");
  EXPECT_NE(Compare("[1, 2, 3]", "[1,2]"), "");
  EXPECT_EQ(Compare("[1, ...]", "[1,2]"), "");
  EXPECT_EQ(Compare("any order [2, 1]", "[1,2]"), "");
  EXPECT_NE(Compare("any order [2, 2]", "[1,2]"), "");
  EXPECT_NE(Compare("any order [1]", "[1,2]"), "");
}

TEST(ScenarioJson, ExactlyMeansTheseFieldsInThisOrder) {
  EXPECT_EQ(Compare("exactly { a: 1, b: int }", R"({"a":1,"b":2})"), "");
  EXPECT_NE(Compare("exactly { b: int, a: 1 }", R"({"a":1,"b":2})"), "");
  EXPECT_NE(Compare("exactly { a: 1 }", R"({"a":1,"b":2})"), "");
}

TEST(ScenarioJson, StringsMayHaveGapsAndNamesAreCaptured) {
  Captures captures;
  EXPECT_EQ(Compare(R"({ a: "v...2", b: $id, c: $id, "x-y": "*" })",
                    R"({"a":"v1.2","b":"two words","c":"two words","x-y":"*"})", &captures),
            "");
  EXPECT_EQ(captures["id"], "two words");
  EXPECT_NE(Compare("{ b: $id, c: $id }", R"({"b":"1","c":"2"})"), "");
}

TEST(ScenarioJson, WrongJsonIsNotRead) {
  for (const char* wrong : {"", "{", "[1,]", "{\"a\"}", "\"a", "nul", "1 2", "\"\\q\""}) {
    std::string error;
    EXPECT_FALSE(ParseJson(wrong, &error).has_value()) << wrong;
    EXPECT_NE(error, "") << wrong;
  }
}

}  // namespace
}  // namespace dunlin::scenario
