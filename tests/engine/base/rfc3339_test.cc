#include "engine/base/rfc3339.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace dunlin {
namespace {

std::string Read(const char* text) {
  WallTime time;
  return ParseRfc3339(text, &time) ? FormatRfc3339(time) : "";
}

TEST(Rfc3339, ReadsTimesWithFractionsAndZones) {
  EXPECT_EQ(Read("2026-11-21T22:58:19Z"), "2026-11-21T22:58:19Z");
  EXPECT_EQ(Read("2026-11-21T22:58:19.5Z"), "2026-11-21T22:58:19.5Z");
  EXPECT_EQ(Read("2026-11-21T22:58:19.1234567899Z"), "2026-11-21T22:58:19.123456789Z");
  EXPECT_EQ(Read("2026-11-21T22:58:19+01:30"), "2026-11-21T21:28:19Z");
  EXPECT_EQ(Read("2026-12-31T22:58:19.25-02:00"), "2027-01-01T00:58:19.25Z");
  WallTime time{5};
  EXPECT_TRUE(ParseRfc3339("0001-01-01T00:00:00Z", &time));
  EXPECT_EQ(time, WallTime{});
}

TEST(Rfc3339, RefusesWhatIsNone) {
  for (const char* bad :
       {"", "2026-11-21", "2026-11-21T22:58:19", "2026-11-21 22:58:19Z", "2026-13-21T22:58:19Z",
        "2026-02-29T22:58:19Z", "2026-11-31T22:58:19Z", "2026-11-21T24:58:19Z",
        "2026-11-21T22:60:19Z", "2026-11-21T22:58:60Z", "2026-11-21T22:58:19.Z",
        "2026-11-21T22:58:19+0130", "2026-11-21T22:58:19Zx", "2300-11-21T22:58:19Z"}) {
    EXPECT_EQ(Read(bad), "") << bad;
  }
  EXPECT_EQ(Read("2028-02-29T22:58:19Z"), "2028-02-29T22:58:19Z");
}

RC_GTEST_PROP(Rfc3339Property, ReadsBackWhatIsWritten, (int64_t ns)) {
  const WallTime time{ns};
  WallTime read;
  RC_ASSERT(ParseRfc3339(FormatRfc3339(time), &read));
  RC_ASSERT(read == time);
}

}  // namespace
}  // namespace dunlin
