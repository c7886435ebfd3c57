#include "host/usage.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <ctime>

namespace dunlin::host {
namespace {

Instant MonoNow() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Instant{} + Seconds(time.tv_sec) + Nanos(time.tv_nsec);
}

int64_t CpuNs() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return used.tv_sec * 1'000'000'000 + used.tv_nsec;
}

TEST(Usage, SeesMemoryComeAndGo) {
  constexpr size_t kSize = 64 << 20;
  const Instant now = MonoNow();
  UsageMeter meter(now);
  const int64_t before = meter.Measure(now).resident_bytes;
  EXPECT_GT(before, 0);
  // Straight from the system: an allocator, above all a sanitizer's, may keep what is freed.
  void* const memory =
      ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::memset(memory, 1, kSize);
  const int64_t with = meter.Measure(now).resident_bytes;
  EXPECT_GT(with, before + static_cast<int64_t>(kSize / 2));
  ::munmap(memory, kSize);
  EXPECT_LT(meter.Measure(now).resident_bytes, with - static_cast<int64_t>(kSize / 2));
}

TEST(Usage, CountsCpuTimeOverAWindow) {
  const Instant start = MonoNow();
  UsageMeter meter(start);
  const int64_t begin = CpuNs();
  while (CpuNs() - begin < 50'000'000) {
  }
  // Too soon to tell.
  EXPECT_EQ(meter.Measure(start + Millis(999)).cpu_percent, 0);
  const double percent = meter.Measure(start + Seconds(1)).cpu_percent;
  EXPECT_GE(percent, 5.0);
  EXPECT_LT(percent, 100.0);
  // The same window still.
  EXPECT_EQ(meter.Measure(start + Seconds(1)).cpu_percent, percent);
}

TEST(Usage, KnowsTheCores) {
  UsageMeter meter(MonoNow());
  const ProcessUsage usage = meter.Measure(MonoNow());
  EXPECT_GE(usage.cores, 1);
  EXPECT_EQ(usage.max_procs, usage.cores);
}

}  // namespace
}  // namespace dunlin::host
