#include "sim/clock.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace dunlin::sim {
namespace {

constexpr Instant At(int64_t seconds) { return Instant{} + Seconds(seconds); }

TEST(Clock, RunsWithTheWorldWithoutSkew) {
  const Clock clock(At(1), WallTime{5'000});
  EXPECT_EQ(clock.Read(At(1)).wall, WallTime{5'000});
  EXPECT_EQ(clock.Read(At(3)).mono - clock.Read(At(1)).mono, Seconds(2));
}

TEST(Clock, AJumpMovesTheWallOnly) {
  Clock clock(At(1), WallTime{});
  const Now before = clock.Read(At(2));
  clock.JumpWall(Hours(-3));
  EXPECT_EQ(clock.Read(At(2)).mono, before.mono);
  EXPECT_EQ(clock.Read(At(2)).wall - before.wall, Hours(-3));
}

TEST(Clock, SkewStartsWhereTheClockStands) {
  Clock clock(At(1), WallTime{});
  const Instant before = clock.Read(At(10)).mono;
  clock.SetSkew(At(10), 500);
  EXPECT_EQ(clock.Read(At(10)).mono, before);
  EXPECT_EQ(clock.Read(At(11)).mono - before, Seconds(1) + Micros(500));
}

TEST(Clock, NeverStaysNever) {
  const Clock clock(At(1), WallTime{});
  EXPECT_EQ(clock.WorldTimeOf(kNever), kNever);
}

// A timer set for what WorldTimeOf says never fires early, and not a nanosecond late.
RC_GTEST_PROP(ClockProperty, WorldTimeIsTheFirstMomentThatShowsIt, ()) {
  const auto ppm = *rc::gen::inRange<int64_t>(-Clock::kSkewPpmMax, Clock::kSkewPpmMax + 1);
  const auto set_at = *rc::gen::inRange<int64_t>(0, Hours(1).ns);
  const auto ahead = *rc::gen::inRange<int64_t>(1, Hours(24 * 400).ns);
  Clock clock(Instant{}, WallTime{});
  clock.SetSkew(Instant{set_at}, ppm);
  const Instant mono = clock.Read(Instant{set_at}).mono + Duration{ahead};
  const Instant at = clock.WorldTimeOf(mono);
  RC_ASSERT(clock.Read(at).mono >= mono);
  RC_ASSERT(clock.Read(at - Nanos(1)).mono < mono);
}

}  // namespace
}  // namespace dunlin::sim
