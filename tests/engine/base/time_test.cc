#include "engine/base/time.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

TEST(Time, PrintsAsTheReferenceDoes) {
  EXPECT_EQ(FormatRfc3339({0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatRfc3339({951'782'400'500'000'000}), "2000-02-29T00:00:00.5Z");
  EXPECT_EQ(FormatRfc3339({-1}), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(FormatDuration(Millis(1500)), "1.5s");
  EXPECT_EQ(FormatDuration(Hours(1) + Seconds(3)), "1h0m3s");
  EXPECT_EQ(FormatDuration(Micros(1)), "1\xc2\xb5s");
  EXPECT_EQ(FormatDuration(Nanos(-1'500'000)), "-1.5ms");
  EXPECT_EQ(FormatDuration({}), "0s");
  EXPECT_EQ(FormatUptime(Hours(25) + Seconds(1)), "1d1h0m1s");
}

TEST(Time, UptimesBeginWithTheLargestUnit) {
  Duration d = Seconds(22);
  EXPECT_EQ(FormatUptime(d), "22s");
  EXPECT_EQ(FormatUptime(d = d + Minutes(4)), "4m22s");
  EXPECT_EQ(FormatUptime(d = d + Hours(4)), "4h4m22s");
  EXPECT_EQ(FormatUptime(d = d + Hours(32 * 24)), "32d4h4m22s");
  EXPECT_EQ(FormatUptime(d + Hours(22 * 365 * 24)), "22y32d4h4m22s");
}

TEST(Time, CivilTimeRoundTrips) {
  for (int64_t day = -800'000; day < 800'000; day += 997) {
    const WallTime at{day / 10 * 86'400'000'000'000 + 12'345'678'901};
    EXPECT_EQ(FromCivil(ToCivil(at)), at);
  }
}

}  // namespace
}  // namespace dunlin
