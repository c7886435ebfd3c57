#include "engine/config/flag_value.h"

#include <gtest/gtest.h>

namespace dunlin::config {
namespace {

constexpr auto kSyntax = IntegerFault::kSyntax;
constexpr auto kRange = IntegerFault::kRange;

int64_t Number(std::string_view text) {
  const auto value = ParseFlagInteger(text);
  EXPECT_TRUE(std::holds_alternative<int64_t>(value)) << text;
  return std::holds_alternative<int64_t>(value) ? std::get<int64_t>(value) : INT64_MIN;
}

IntegerFault Fault(std::string_view text) {
  const auto value = ParseFlagInteger(text);
  EXPECT_TRUE(std::holds_alternative<IntegerFault>(value)) << text;
  return std::holds_alternative<IntegerFault>(value) ? std::get<IntegerFault>(value) : kSyntax;
}

TEST(FlagInteger, KnowsItsBases) {
  EXPECT_EQ(Number("0"), 0);
  EXPECT_EQ(Number("-42"), -42);
  EXPECT_EQ(Number("+42"), 42);
  EXPECT_EQ(Number("0x1F"), 31);
  EXPECT_EQ(Number("-0X1f"), -31);
  EXPECT_EQ(Number("0o17"), 15);
  EXPECT_EQ(Number("017"), 15);
  EXPECT_EQ(Number("0b101"), 5);
}

TEST(FlagInteger, TakesUnderscoresBetweenDigits) {
  EXPECT_EQ(Number("1_000_000"), 1'000'000);
  EXPECT_EQ(Number("0x_ff"), 255);
  EXPECT_EQ(Number("0_7"), 7);
  for (const std::string_view text : {"_1", "1_", "1__0", "-_1", "0x1__f", "_"}) {
    EXPECT_EQ(Fault(text), kSyntax) << text;
  }
}

TEST(FlagInteger, EndsWhereSixtyFourBitsEnd) {
  EXPECT_EQ(Number("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(Number("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(Fault("9223372036854775808"), kRange);
  EXPECT_EQ(Fault("-9223372036854775809"), kRange);
  EXPECT_EQ(Fault("0xffffffffffffffffff"), kRange);
}

TEST(FlagInteger, RefusesWhatIsNoNumber) {
  for (const std::string_view text :
       {"", "-", "+", "x", "1x", "08", "0x", "0b2", "1.5", " 1", "--1"}) {
    EXPECT_EQ(Fault(text), kSyntax) << text;
  }
}

TEST(FlagBool, HasFewSpellings) {
  EXPECT_EQ(ParseFlagBool("T"), true);
  EXPECT_EQ(ParseFlagBool("0"), false);
  EXPECT_EQ(ParseFlagBool("tRUE"), std::nullopt);
  EXPECT_EQ(ParseFlagBool("yes"), std::nullopt);
  EXPECT_EQ(ParseFlagBool(""), std::nullopt);
}

}  // namespace
}  // namespace dunlin::config
