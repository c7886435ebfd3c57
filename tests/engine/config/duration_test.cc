#include "engine/config/duration.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace dunlin::config {
namespace {

Duration Parsed(std::string_view text) {
  const Result<Duration> duration = ParseDuration(text);
  EXPECT_TRUE(duration.ok()) << text;
  return duration.ok() ? duration.value() : Duration{-1};
}

std::string Refused(std::string_view text) {
  const Result<Duration> duration = ParseDuration(text);
  EXPECT_FALSE(duration.ok()) << text;
  return duration.ok() ? "" : duration.error().text;
}

TEST(ParseDuration, AddsUpItsParts) {
  EXPECT_EQ(Parsed("0"), Duration{});
  EXPECT_EQ(Parsed("-0"), Duration{});
  EXPECT_EQ(Parsed("5s"), Seconds(5));
  EXPECT_EQ(Parsed("1h30m"), Minutes(90));
  EXPECT_EQ(Parsed("+1.5h"), Minutes(90));
  EXPECT_EQ(Parsed("-250ms"), Millis(-250));
  EXPECT_EQ(Parsed("1us"), Nanos(1'000));
  EXPECT_EQ(Parsed("1\xc2\xb5s1\xce\xbcs"), Nanos(2'000));
  EXPECT_EQ(Parsed(".5m"), Seconds(30));
  EXPECT_EQ(Parsed("1.s"), Seconds(1));
  EXPECT_EQ(Parsed("0.3333333333333333333h"), Minutes(20));
  EXPECT_EQ(Parsed("0.100000000000000000000h"), Minutes(6));
  EXPECT_EQ(Parsed("0.9223372036854775807h"), Nanos(3320413933267));
}

TEST(ParseDuration, HoldsWhatADurationHolds) {
  EXPECT_EQ(Parsed("9223372036854775807ns"), Nanos(INT64_MAX));
  EXPECT_EQ(Parsed("-9223372036854775808ns"), Nanos(INT64_MIN));
  EXPECT_EQ(Parsed("2562047h47m16.854775807s"), Nanos(INT64_MAX));
  for (const std::string_view text : {"9223372036854775808ns", "9223372036854775.808us", "3000000h",
                                      "-9223372036854775809ns", "99999999999999999999h"}) {
    EXPECT_EQ(Refused(text), "time: invalid duration \"" + std::string(text) + '"');
  }
}

TEST(ParseDuration, SaysWhatIsWrong) {
  EXPECT_EQ(Refused(""), "time: invalid duration \"\"");
  EXPECT_EQ(Refused("-"), "time: invalid duration \"-\"");
  EXPECT_EQ(Refused("s"), "time: invalid duration \"s\"");
  EXPECT_EQ(Refused(".s"), "time: invalid duration \".s\"");
  EXPECT_EQ(Refused("5"), "time: missing unit in duration \"5\"");
  EXPECT_EQ(Refused("5s5"), "time: missing unit in duration \"5s5\"");
  EXPECT_EQ(Refused("1d"), "time: unknown unit \"d\" in duration \"1d\"");
  EXPECT_EQ(Refused("1 s"), "time: unknown unit \" s\" in duration \"1 s\"");
  EXPECT_EQ(
      Refused("1\"\\\xc3\xa9\n"),
      "time: unknown unit \"\\\"\\\\\\xc3\\xa9\\x0a\" in duration \"1\\\"\\\\\\xc3\\xa9\\x0a\"");
}

TEST(DurationFromSeconds, TakesTheNearest) {
  EXPECT_EQ(DurationFromSeconds(0.091), Millis(91));
  EXPECT_EQ(DurationFromSeconds(-1.5), Millis(-1500));
  EXPECT_EQ(DurationFromSeconds(1e300).ns, INT64_MAX);
  EXPECT_EQ(DurationFromSeconds(-1e300).ns, INT64_MIN);
  EXPECT_EQ(DurationFromSeconds(std::numeric_limits<double>::quiet_NaN()).ns, 0);
}

// Whatever FormatDuration() prints of whole microseconds reads back. (Below one, fractions are
// rounded through a double, as the reference does.)
RC_GTEST_PROP(ParseDurationProperty, ReadsWhatIsPrinted, (int32_t millis)) {
  const Duration duration = Millis(millis);
  RC_ASSERT(Parsed(FormatDuration(duration)) == duration);
}

}  // namespace
}  // namespace dunlin::config
