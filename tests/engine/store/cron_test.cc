#include "engine/store/cron.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace dunlin {
namespace {

// 'from' and the answer as FormatRfc3339 writes them; "": none.
std::string Next(const char* pattern, const CivilTime& from) {
  const std::optional<WallTime> next = NextCron(pattern, FromCivil(from));
  return next ? FormatRfc3339(*next) : "";
}

constexpr CivilTime kNewYear{.year = 2028, .month = 1, .day = 1};  // A Saturday.

TEST(Cron, FiresAtTheNextWholeSecond) {
  EXPECT_EQ(Next("* * * * * *", kNewYear), "2028-01-01T00:00:01Z");
  CivilTime late = kNewYear;
  late.nanos = 999'999'999;
  EXPECT_EQ(Next("* * * * * *", late), "2028-01-01T00:00:01Z");
}

TEST(Cron, FiresWhereAllFieldsHold) {
  EXPECT_EQ(Next("0 0 * * * *", kNewYear), "2028-01-01T01:00:00Z");
  EXPECT_EQ(Next("0 0 0 * * *", kNewYear), "2028-01-02T00:00:00Z");
  EXPECT_EQ(Next("0 0 0 * * 0", kNewYear), "2028-01-02T00:00:00Z");
  EXPECT_EQ(Next("0 0 0 1 * *", kNewYear), "2028-02-01T00:00:00Z");
  EXPECT_EQ(Next("0 0 0 1 1 *", kNewYear), "2029-01-01T00:00:00Z");
  EXPECT_EQ(Next("0 30 8 * * mon-fri", kNewYear), "2028-01-03T08:30:00Z");
  EXPECT_EQ(Next("59 59 23 31 DEC ?", kNewYear), "2028-12-31T23:59:59Z");
  EXPECT_EQ(Next("0 0 0 29 feb *", {.year = 2025}), "2028-02-29T00:00:00Z");
}

TEST(Cron, GoesOverTheEndsOfFields) {
  const CivilTime end{.year = 2026, .month = 12, .day = 31, .hour = 23, .minute = 59, .second = 59};
  EXPECT_EQ(Next("* * * * * *", end), "2027-01-01T00:00:00Z");
  const CivilTime at{.year = 2026, .month = 5, .day = 4, .hour = 10, .minute = 59, .second = 30};
  EXPECT_EQ(Next("15 * * * * *", at), "2026-05-04T11:00:15Z");
  EXPECT_EQ(Next("15,45 * * * * *", at), "2026-05-04T10:59:45Z");
  EXPECT_EQ(Next("0 */20 9-17/4 * * *", at), "2026-05-04T13:00:00Z");
  EXPECT_EQ(Next("10/25 * * * * *", at), "2026-05-04T10:59:35Z");
}

TEST(Cron, EitherDayWillDoIfBothAreNamed) {
  EXPECT_EQ(Next("0 0 0 15 * tue", kNewYear), "2028-01-04T00:00:00Z");
  EXPECT_EQ(Next("0 0 0 3 * fri", kNewYear), "2028-01-03T00:00:00Z");
  EXPECT_EQ(Next("0 0 0 15 * *", kNewYear), "2028-01-15T00:00:00Z");
  EXPECT_EQ(Next("0 0 0 */2 * tue", kNewYear), "2028-01-03T00:00:00Z") << "a step is no star";
}

TEST(Cron, NamesNothing) {
  EXPECT_EQ(Next("0 0 0 30 feb *", kNewYear), "");
  for (const char* bad :
       {"", "* * * * *", "* * * * * * *", "60 * * * * *", "* * 24 * * *", "* * * 0 * *",
        "* * * * 13 *", "* * * * * 7", "5-1 * * * * *", "1-2-3 * * * * *", "*/0 * * * * *",
        "1/2/3 * * * * *", "x * * * * *", "-1 * * * * *", "* * * * jann *", "1/ * * * * *"}) {
    EXPECT_EQ(Next(bad, kNewYear), "") << bad;
  }
}

// The slow way: second by second.
RC_GTEST_PROP(CronProperty, IsTheFirstSecondThatFits, ()) {
  const int second = *rc::gen::inRange(0, 60), minute = *rc::gen::inRange(0, 60);
  const int step = *rc::gen::inRange(1, 24);
  const WallTime from{*rc::gen::inRange<int64_t>(0, 4'000'000'000) * 1'000'000'000};
  const std::string pattern = std::to_string(second) + " " + std::to_string(minute) + " */" +
                              std::to_string(step) + " * * *";
  WallTime slow = from + Seconds(1);
  for (;; slow = slow + Seconds(1)) {
    const CivilTime time = ToCivil(slow);
    if (time.second == second && time.minute == minute && time.hour % step == 0) break;
  }
  RC_ASSERT(NextCron(pattern, from) == slow);
}

}  // namespace
}  // namespace dunlin
