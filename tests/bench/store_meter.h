// What the benchmarks of storage count besides what Google Benchmark does: the spread of latencies,
// and the CPU time of the whole process, threads of the disk and kernel workers included.
#pragma once

#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace dunlin::bench {

inline int64_t NowNs() {
  timespec at{};
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1'000'000'000 + at.tv_nsec;
}

inline double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Counts from its making on; Report() adds what it saw to the benchmark's line, per item: p50_us,
// p99_us, worst_us, cpu_us, items_per_second.
class Meter {
 public:
  Meter() { Resume(); }

  // What is done in between does not count.
  void Pause() {
    cpu_ += CpuSeconds() - cpu_since_;
    ns_ += NowNs() - since_;
  }
  void Resume() {
    cpu_since_ = CpuSeconds();
    since_ = NowNs();
  }

  // 'items' that all took so long.
  void Add(int64_t ns, uint64_t items = 1) {
    items_ += items;
    seen_.push_back({ns, items});
  }

  void Report(benchmark::State& state) {
    Pause();
    if (items_ == 0) return;
    state.counters["items_per_second"] = static_cast<double>(items_) * 1e9 / ns_;
    state.counters["p50_us"] = P50();
    state.counters["p99_us"] = At(items_ * 99 / 100);
    state.counters["worst_us"] = At(items_ - 1);
    state.counters["cpu_us"] = cpu_ * 1e6 / static_cast<double>(items_);
  }

  uint64_t items() const { return items_; }
  double P50() {
    std::sort(seen_.begin(), seen_.end(), [](auto& a, auto& b) { return a.ns < b.ns; });
    return At(items_ / 2);
  }

 private:
  struct Seen {
    int64_t ns;
    uint64_t items;
  };
  double At(uint64_t rank) const {
    for (const Seen& seen : seen_) {
      if (rank < seen.items) return static_cast<double>(seen.ns) / 1e3;
      rank -= seen.items;
    }
    return 0;
  }

  double cpu_ = 0, cpu_since_ = 0;
  double ns_ = 0;  // Of the clock.
  int64_t since_ = 0;
  uint64_t items_ = 0;
  std::vector<Seen> seen_;
};

}  // namespace dunlin::bench
