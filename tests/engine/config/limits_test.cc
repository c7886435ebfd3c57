#include "tests/engine/config/parse_for_test.h"

namespace dunlin::config {
namespace {

std::string Repeat(std::string_view text, int count) {
  std::string repeated;
  for (int i = 0; i < count; ++i) repeated += text;
  return repeated;
}

TEST(ConfigLimits, BoundNesting) {
  const std::string too_deep = "error: maps and arrays are nested more than 1000 deep";
  EXPECT_EQ(Parsed("a " + Repeat("[", 100'000)), too_deep);
  EXPECT_EQ(Parsed(Repeat("a {", 100'000)), too_deep);
  EXPECT_EQ(Parsed("a " + Repeat("[", 1'000) + Repeat("]", 1'000)),
            "{\"a\":" + Repeat("[", 1'000) + Repeat("]", 1'000) + '}');
  EXPECT_EQ(Parsed("a " + Repeat("[", 1'001) + Repeat("]", 1'001)), too_deep);
  // Braces that only wrap the text nest nothing.
  EXPECT_EQ(Parsed(Repeat("{", 100'000) + Repeat("}", 100'000)), "{}");
}

TEST(ConfigLimits, BoundNestingThroughVariablesAndIncludes) {
  FakeSource source;
  source.files["deep.conf"] = "x = [[[]]]";
  source.env["DEEP"] = "[[[]]]";
  Limits limits;
  limits.nesting_max = 4;
  const std::string too_deep = "maps and arrays are nested more than 4 deep";
  const auto parsed = [&](std::string_view text) { return Show(ParseText(text, source, limits)); };
  EXPECT_EQ(parsed("a { include deep.conf }"), R"({"a":{"x":[[[]]]}})");
  EXPECT_EQ(parsed("a { b { include deep.conf } }"),
            "error: error parsing include file 'deep.conf', " + too_deep);
  EXPECT_EQ(parsed("a [ $DEEP ]"), R"({"a":[[[[]]]]})");
  EXPECT_EQ(parsed("a [[ $DEEP ]]"),
            "error: variable reference for 'DEEP' on line 1 could not be parsed: " + too_deep);
  EXPECT_EQ(parsed("a [[]]\nb [[ $a ]]\n"), R"({"a":[[]],"b":[[[[]]]]})");
  EXPECT_EQ(parsed("a [[]]\nb [[[ $a ]]]\n"),
            "error: variable reference for 'a' on line 2 could not be parsed: " + too_deep);
}

// Each line doubles the tree: 2^60 strings in 900 bytes.
TEST(ConfigLimits, BoundWhatVariablesCanMultiply) {
  std::string text = "a0 = x\n";
  for (int i = 1; i <= 60; ++i) {
    const std::string before = "$a" + std::to_string(i - 1);
    text += 'a' + std::to_string(i) + " = [" + before + ", " + before + " ]\n";
  }
  FakeSource source;
  Limits limits;
  limits.tree_bytes_max = 1 << 20;
  const std::string shown = Show(ParseText(text, source, limits));
  EXPECT_NE(shown.find("configuration takes more than 1048576 bytes of memory"), shown.npos)
      << shown;
}

TEST(ConfigLimits, CountScalarsKeysAndFilesToo) {
  FakeSource source;
  source.files["x.conf"] = Repeat("k", 500) + " = " + Repeat("v", 500);
  source.env["V"] = Repeat("v", 900);
  Limits limits;
  limits.tree_bytes_max = 1'000;
  const std::string too_large = "configuration takes more than 1000 bytes of memory";
  const auto parsed = [&](std::string_view text) { return Show(ParseText(text, source, limits)); };
  EXPECT_EQ(parsed("a = b"), R"({"a":"b"})");
  EXPECT_EQ(parsed("a = '" + Repeat("x", 999) + "'"), "error: " + too_large);
  EXPECT_EQ(parsed(Repeat("k", 999) + " = 1"), "error: " + too_large);
  EXPECT_EQ(parsed("include x.conf"), "error: error parsing include file 'x.conf', " + too_large);
  EXPECT_EQ(parsed("a = $V\nb = $V\n"),
            "error: variable reference for 'V' on line 1 could not be parsed: " + too_large);
  EXPECT_EQ(parsed("a [" + Repeat("[]\n", 99) + "]"), "error: " + too_large);
}

TEST(ConfigLimits, BoundFilesWithinFiles) {
  FakeSource source;
  for (int i = 0; i < 70; ++i) {
    source.files[std::to_string(i) + ".conf"] = "include '" + std::to_string(i + 1) + ".conf'";
  }
  const std::string shown = Show(ParseFile("0.conf", source));
  EXPECT_TRUE(shown.ends_with("more than 64 files and environment variables refer to one another"))
      << shown;
  source.files["10.conf"] = "x = 1";
  EXPECT_EQ(Show(ParseFile("0.conf", source)), R"({"x":1})");
}

TEST(ConfigLimits, BoundVariablesWithinVariables) {
  FakeSource source;
  for (int i = 0; i < 70; ++i) source.env['V' + std::to_string(i)] = "$V" + std::to_string(i + 1);
  const std::string shown = Parsed("a = $V0", source);
  EXPECT_TRUE(shown.ends_with("more than 64 files and environment variables refer to one another"))
      << shown;
}

// Two includes a level: 2^14 files, none within more than 15 others.
TEST(ConfigLimits, BoundTheNumberOfFiles) {
  FakeSource source;
  for (int i = 0; i < 14; ++i) {
    const std::string next = "include '" + std::to_string(i + 1) + ".conf'\n";
    source.files[std::to_string(i) + ".conf"] = next + next;
  }
  source.files["14.conf"] = "";
  const std::string shown = Show(ParseFile("0.conf", source));
  EXPECT_TRUE(shown.ends_with("more than 10000 files")) << shown;
}

}  // namespace
}  // namespace dunlin::config
