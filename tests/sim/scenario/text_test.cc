#include "sim/scenario/text.h"

#include <gtest/gtest.h>

namespace dunlin::scenario {
namespace {

class Known : public Names {
 public:
  explicit Known(Captures values = {}) : values_(std::move(values)) {}
  std::optional<std::string> Find(std::string_view name, std::string_view field) const override {
    std::string key(name);
    if (!field.empty()) key.append(".").append(field);
    const auto found = values_.find(key);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  Captures values_;
};

Text Parsed(std::string_view source, TextKind kind) {
  Problem problem;
  auto text = ParseText(source, {1, 1}, kind, &problem);
  EXPECT_TRUE(text.has_value()) << source << ": " << problem.text;
  return text.value_or(Text{});
}

std::string Sent(std::string_view source, Captures values = {}) {
  Problem problem;
  return Render(Parsed(source, TextKind::kSend), Known(std::move(values)), &problem).value_or("?");
}

bool Fits(std::string_view pattern, std::string_view bytes, Captures values = {}) {
  Captures found;
  return Matches(Parsed(pattern, TextKind::kExpect), bytes, Known(std::move(values)), &found);
}

TEST(ScenarioText, PipeIsALineEnd) {
  EXPECT_EQ(Sent("PUB foo 5 | hello"), "PUB foo 5\r\nhello");
  EXPECT_EQ(Sent("PUB foo 0 |"), "PUB foo 0\r\n");
  EXPECT_EQ(Sent("a | | b"), "a\r\n\r\nb");
  EXPECT_EQ(Sent("a \\| b"), "a | b");
}

TEST(ScenarioText, SizesAreFilledIn) {
  EXPECT_EQ(Sent("PUB foo # | hello"), "PUB foo 5\r\nhello");
  EXPECT_EQ(Sent("HPUB foo # # | NATS/1.0 | A: b | | hello"),
            "HPUB foo 18 23\r\nNATS/1.0\r\nA: b\r\n\r\nhello");
  EXPECT_EQ(Sent("PUB foo # | a # b"), "PUB foo 5\r\na # b");
  EXPECT_EQ(Sent("SUB # 1"), "SUB # 1");
}

TEST(ScenarioText, ExpressionsAreFilledIn) {
  EXPECT_EQ(Sent("${ab*3}", {}), "ababab");
  EXPECT_EQ(Sent("${x*n}", {{"n", "4"}}), "xxxx");
  EXPECT_EQ(Sent("${\\x00*2}", {}), std::string(2, '\0'));
  EXPECT_EQ(Sent("$a.b ${a}c ${i+1} ${i-1}", {{"a", "x"}, {"i", "7"}}), "x.b xc 8 6");
  EXPECT_EQ(Sent("${alice.cid}", {{"alice.cid", "5"}}), "5");
  EXPECT_EQ(Sent("$SYS.x \\$a $1"), "$SYS.x $a $1");
}

TEST(ScenarioText, EscapesAreBytes) { EXPECT_EQ(Sent("\\s\\t\\x41\\\\\\r\\n"), " \tA\\\r\n"); }

TEST(ScenarioText, LiteralTextFitsOnlyItself) {
  EXPECT_TRUE(Fits("MSG foo 1 5 | hello", "MSG foo 1 5\r\nhello"));
  EXPECT_FALSE(Fits("MSG foo 1 5 | hello", "MSG foo 1 5\r\nhellos"));
  EXPECT_FALSE(Fits("MSG foo 1 5 | hello", "MSG foo 1 5\r\nhell"));
}

TEST(ScenarioText, AStarIsOneWord) {
  EXPECT_TRUE(Fits("MSG * 1", "MSG foo.bar 1"));
  EXPECT_FALSE(Fits("MSG * 1", "MSG foo bar 1"));
  EXPECT_FALSE(Fits("MSG * 1", "MSG  1"));
  EXPECT_TRUE(Fits("MSG foo.* 1", "MSG foo.* 1"));
  EXPECT_FALSE(Fits("MSG foo.* 1", "MSG foo.a 1"));
}

TEST(ScenarioText, DotsAreAnyBytes) {
  EXPECT_TRUE(Fits("-ERR '...'", "-ERR 'a b c'"));
  EXPECT_TRUE(Fits("a...b...c", "a1b2b3c"));
  EXPECT_FALSE(Fits("a...b", "abc"));
  EXPECT_TRUE(Fits("...", ""));
  EXPECT_FALSE(Fits("\\...", "abc"));
}

TEST(ScenarioText, NumbersAreCompared) {
  EXPECT_TRUE(Fits("n ${1..9}", "n 9"));
  EXPECT_FALSE(Fits("n ${1..9}", "n 10"));
  EXPECT_TRUE(Fits("n ${>=-3}", "n -3"));
  EXPECT_FALSE(Fits("n ${>3}", "n 3"));
  EXPECT_FALSE(Fits("n ${!=3}", "n 3"));
  EXPECT_FALSE(Fits("n ${<9}", "n x"));
}

TEST(ScenarioText, ACaptureTakesAWordAndThenMeansIt) {
  Captures found;
  EXPECT_TRUE(Matches(Parsed("MSG $a $b $a", TextKind::kExpect), "MSG x y x", Known(), &found));
  EXPECT_EQ(found, (Captures{{"a", "x"}, {"b", "y"}}));
  EXPECT_FALSE(Fits("MSG $a $b $a", "MSG x y z"));
  EXPECT_FALSE(Fits("MSG $a", "MSG x y"));
  EXPECT_TRUE(Fits("MSG $a", "MSG x", {{"a", "x"}}));
  EXPECT_FALSE(Fits("MSG $a", "MSG y", {{"a", "x"}}));
}

TEST(ScenarioText, NothingIsCapturedByAMismatch) {
  Captures found;
  EXPECT_FALSE(Matches(Parsed("MSG $a z", TextKind::kExpect), "MSG x y", Known(), &found));
  EXPECT_TRUE(found.empty());
}

TEST(ScenarioText, ConfigsKeepAllButBraces) {
  Problem problem;
  const Text text = Parsed("a: $b\\n \"${dir}/x\" $${c}", TextKind::kConfig);
  EXPECT_EQ(Render(text, Known(Captures{{"dir", "/d"}}), &problem), "a: $b\\n \"/d/x\" ${c}");
}

TEST(ScenarioText, LongRunsAreShownShort) {
  std::string bytes(100, 'x');
  bytes += "\r\ny\x01";
  EXPECT_EQ(Printable(bytes), "${x*100} | y\\x01");
}

}  // namespace
}  // namespace dunlin::scenario
