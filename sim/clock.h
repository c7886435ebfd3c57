// The clocks of one simulated machine: a monotonic one that drifts against the world's time, and a
// wall clock on top of it that may be set forwards and backwards.
#pragma once

#include <cstdint>

#include "engine/base/time.h"

namespace dunlin::sim {

class Clock {
 public:
  static constexpr int64_t kSkewPpmMax = 100'000;  // 10 %, far more than real clocks have.

  Clock(Instant world_now, WallTime wall);

  Now Read(Instant world_now) const;
  // When, in the world's time, the monotonic clock first shows at least 'mono'. kNever stays
  // kNever.
  Instant WorldTimeOf(Instant mono) const;

  // From now on a second of the world lasts (1 + ppm / 1,000,000) seconds here.
  void SetSkew(Instant world_now, int64_t ppm);
  void JumpWall(Duration by) { wall_offset_ = wall_offset_ + by; }

 private:
  Instant world_base_;  // Both clocks showed this and that when the skew was last set.
  Instant mono_base_;
  int64_t skew_ppm_ = 0;
  Duration wall_offset_;  // Wall minus monotonic.
};

}  // namespace dunlin::sim
