#include "engine/base/timer_wheel.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <vector>

namespace dunlin {
namespace {

int64_t TickOf(Instant at) { return at.ns > 0 ? (at.ns - 1) / 1'000'000 + 1 : at.ns / 1'000'000; }

RC_GTEST_PROP(TimerWheel, FiresEachTimerOnceAtItsMillisecond, ()) {
  const Instant start{*rc::gen::inRange<int64_t>(0, 1'000'000'000'000)};
  TimerWheel wheel(start);
  std::vector<std::unique_ptr<Timer>> timers;
  std::map<const Timer*, int64_t> expected;  // Armed timers and the tick at which each is due.
  Instant now = start;
  const int steps = *rc::gen::inRange(1, 60);
  for (int i = 0; i < steps; ++i) {
    const int what = *rc::gen::inRange(0, 10);
    if (what < 5) {
      // Deadlines from the past to months away, by magnitude.
      const int64_t ahead = *rc::gen::inRange<int64_t>(-5, int64_t{1} << *rc::gen::inRange(1, 50));
      timers.push_back(std::make_unique<Timer>());
      wheel.Arm(timers.back().get(), now + Duration{ahead});
      expected[timers.back().get()] =
          std::max(TickOf(now + Duration{ahead}), now.ns / 1'000'000 + 1);
    } else if (what < 6 && !timers.empty()) {
      Timer* timer = timers[*rc::gen::inRange<size_t>(0, timers.size())].get();
      wheel.Disarm(timer);
      expected.erase(timer);
      RC_ASSERT(!timer->armed());
    } else {
      const Instant next = wheel.NextDeadline();
      int64_t earliest = INT64_MAX;
      for (const auto& [timer, tick] : expected) earliest = std::min(earliest, tick);
      if (expected.empty()) {
        RC_ASSERT(next == kNever);
        continue;
      }
      RC_ASSERT(next.ns <= earliest * 1'000'000);
      RC_ASSERT(next.ns > now.ns - 1'000'000);
      now = what < 9 ? std::max(now, next) : now + Duration{*rc::gen::inRange<int64_t>(0, 1 << 30)};
      int64_t last = 0;
      while (Timer* timer = wheel.PopDue(now)) {
        RC_ASSERT(expected.count(timer) == 1);
        RC_ASSERT(expected[timer] <= now.ns / 1'000'000);
        RC_ASSERT(expected[timer] >= last);
        last = expected[timer];
        expected.erase(timer);
      }
      for (const auto& [timer, tick] : expected) RC_ASSERT(tick > now.ns / 1'000'000);
    }
  }
}

TEST(TimerWheel, TimersOfOneMillisecondFireInTheOrderOfArming) {
  TimerWheel wheel(Instant{});
  Timer a, b, c;
  wheel.Arm(&b, Instant{} + Seconds(1));
  wheel.Arm(&a, Instant{} + Seconds(1));
  wheel.Arm(&c, Instant{} + Seconds(1));
  EXPECT_EQ(wheel.PopDue(Instant{} + Seconds(2)), &b);
  EXPECT_EQ(wheel.PopDue(Instant{} + Seconds(2)), &a);
  EXPECT_EQ(wheel.PopDue(Instant{} + Seconds(2)), &c);
  EXPECT_EQ(wheel.PopDue(Instant{} + Seconds(2)), nullptr);
  EXPECT_EQ(wheel.NextDeadline(), kNever);
}

}  // namespace
}  // namespace dunlin
