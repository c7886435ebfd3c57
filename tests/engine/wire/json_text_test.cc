#include "engine/wire/json_text.h"

#include <gtest/gtest.h>

namespace dunlin::wire {
namespace {

TEST(JsonText, ReadsOneWholeValue) {
  for (const char* text :
       {"null", " true\n", "false", "0", "-0", "-12.5e+3", "1E400", "\"\"", R"("\u00e9\/\"")", "[]",
        "[ 1 , [2] ]", "{}", R"({ "a" : { "b" : [ ] } , "a" : 1 })", "\"\xff\""}) {
    EXPECT_TRUE(ReadJson(text)) << text;
  }
}

TEST(JsonText, RefusesWhatIsNone) {
  for (const char* text :
       {"",        " ",        "nul",     "truex",    "01",         "-",       "1.",
        ".5",      "1e",       "+1",      "\"",       "\"\\\"",     "\"\\x\"", "\"\\u12g4\"",
        "\"\\u12", "\"a\nb\"", "[",       "[1",       "[1,]",       "[,1]",    "[1 2]",
        "{",       "{\"a\"",   "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}",   "{'a':1}",
        "{1:1}",   "{} {}",    "{}x",     "[}",       "\f1"}) {
    EXPECT_FALSE(ReadJson(text)) << text;
  }
}

TEST(JsonText, LimitsNesting) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(ReadJson(nested(kJsonDepthMax)));
  EXPECT_FALSE(ReadJson(nested(kJsonDepthMax + 1)));
}

TEST(JsonText, GivesMembersInTheirOrderWithRepeatedNames) {
  const auto object = ReadJson(R"( {"a":1, "b" : [true, null] ,"a":"\n"} )");
  ASSERT_TRUE(object);
  JsonMembers members(*object);
  std::string name;
  JsonText value;
  ASSERT_TRUE(members.Next(&name, &value));
  EXPECT_EQ(name, "a");
  EXPECT_EQ(value.Int(), 1);
  ASSERT_TRUE(members.Next(&name, &value));
  EXPECT_EQ(name, "b");
  JsonMembers items(value);
  ASSERT_TRUE(items.Next(&name, &value));
  EXPECT_EQ(name, "");
  EXPECT_TRUE(value.Bool());
  ASSERT_TRUE(items.Next(&name, &value));
  EXPECT_EQ(value.kind, JsonKind::kNull);
  EXPECT_FALSE(items.Next(&name, &value));
  ASSERT_TRUE(members.Next(&name, &value));
  EXPECT_EQ(name, "a");
  EXPECT_EQ(value.String(), "\n");
  EXPECT_FALSE(members.Next(&name, &value));
}

TEST(JsonText, ReplacesWhatIsNotUnicode) {
  const auto text = [](const char* json) { return ReadJson(json)->String(); };
  EXPECT_EQ(text(R"("\ud83d\ude00")"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(text(R"("\ud83dx")"), "\xef\xbf\xbdx");
  EXPECT_EQ(text(R"("\ud83d\u0041")"),
            "\xef\xbf\xbd"
            "A");
  EXPECT_EQ(text(R"("\ude00")"), "\xef\xbf\xbd");
  EXPECT_EQ(text("\"\xff\xc3\xa9\""), "\xef\xbf\xbd\xc3\xa9");
}

TEST(JsonText, TakesOnlyIntegersOf64BitsAsSuch) {
  const auto number = [](const char* json) { return ReadJson(json)->Int(); };
  EXPECT_EQ(number("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(number("9223372036854775808"), std::nullopt);
  EXPECT_EQ(number("1.0"), std::nullopt);
  EXPECT_EQ(number("1e0"), std::nullopt);
}

TEST(JsonText, TakesNamesForOneWhateverTheirCase) {
  EXPECT_TRUE(SameJsonName("VerBose", "verbose"));
  EXPECT_TRUE(
      SameJsonName("verbo\xc5\xbf"
                   "e",
                   "verbose"));
  EXPECT_TRUE(
      SameJsonName("n\xe2\x84\xaa"
                   "ey",
                   "nkey"));
  EXPECT_FALSE(SameJsonName("verbos", "verbose"));
  EXPECT_FALSE(SameJsonName("verboses", "verbose"));
  EXPECT_FALSE(SameJsonName("", "verbose"));
}

}  // namespace
}  // namespace dunlin::wire
