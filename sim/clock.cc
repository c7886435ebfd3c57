#include "sim/clock.h"

#include "engine/base/check.h"

namespace dunlin::sim {
namespace {

constexpr int64_t kMillion = 1'000'000;

}  // namespace

Clock::Clock(Instant world_now, WallTime wall)
    : world_base_(world_now), mono_base_(world_now), wall_offset_{wall.ns - world_now.ns} {}

Now Clock::Read(Instant world_now) const {
  const Duration passed = world_now - world_base_;
  const Duration drift{
      static_cast<int64_t>(static_cast<__int128>(passed.ns) * skew_ppm_ / kMillion)};
  const Instant mono = mono_base_ + passed + drift;
  return {mono, WallTime{mono.ns + wall_offset_.ns}};
}

Instant Clock::WorldTimeOf(Instant mono) const {
  if (mono == kNever) return kNever;
  if (mono <= mono_base_) return world_base_;
  // Division rounds down, so this lands at most a few nanoseconds off; walk to the exact one.
  const Duration wanted = mono - mono_base_;
  const auto estimate =
      static_cast<int64_t>(static_cast<__int128>(wanted.ns) * kMillion / (kMillion + skew_ppm_));
  Instant at = world_base_ + Duration{estimate};
  while (Read(at).mono < mono) at = at + Nanos(1);
  while (at > world_base_ && Read(at - Nanos(1)).mono >= mono) at = at - Nanos(1);
  return at;
}

void Clock::SetSkew(Instant world_now, int64_t ppm) {
  CHECK(ppm >= -kSkewPpmMax && ppm <= kSkewPpmMax);
  mono_base_ = Read(world_now).mono;
  world_base_ = world_now;
  skew_ppm_ = ppm;
}

}  // namespace dunlin::sim
