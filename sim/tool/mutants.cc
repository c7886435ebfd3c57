#include "sim/tool/mutants.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <string>

#include "engine/base/mutant.h"
#include "sim/plan/plan.h"
#include "sim/plan/run.h"
#include "sim/tool/shell.h"

namespace dunlin::sim {
namespace {

struct Mutant {
  int number;
  const char* what;
};

constexpr Mutant kMutants[] = {
    {1, "UNSUB with a maximum lets one message too many through"},
    {2, "a publisher that wants no echo gets its own messages"},
    {3, "two members of a queue group get a message"},
    {4, "the last byte of a large frame that is cut in two is lost"},
    {5, "a connection that answers no PING is never closed"},
    {6, "max_pending is not watched"},
    {7, "a cached match result outlives a literal subscription"},
    {8, "a cached match result outlives more patterns than are remembered"},
    {9, "a byte of pending output is not given back after a large write"},
    {10, "reads that were paused are never resumed"},
    {11, "a stale connection leaves its subscriptions behind"},
    {12, "a PONG is lost when the socket is full"},
    {13, "write_deadline is not watched"},
    {14, "503 is sent although a queue group heard the request"},
    {15, "a payload is not copied before its read buffer is used again"},
    {16, "a stalled producer is never let go"},
    {17, "a.> gets messages to a"},
    {18, "output beyond one gather is not written on"},
    {19, "subscriptions go from under a match result that is being walked"},
    {20, "a removal in slices stops after the first"},
};

// Seeds of independent campaigns: the table shows the middle one.
constexpr std::array<uint64_t, 3> kFirstSeeds = {1, 1'000'001, 2'000'001};

// Runs seeds with a mutant until one fails; reports each before it runs.
class Hunt : public ChildWork {
 public:
  Hunt(int mutant, uint64_t first, uint64_t seeds_max)
      : mutant_(mutant), first_(first), seeds_max_(seeds_max) {}

  int Run(int report_to) override {
    mutant_switched_on = mutant_;
    for (uint64_t i = 0; i < seeds_max_; ++i) {
      Report(report_to, i + 1);
      if (!RunPlan(ExpandPlan(first_ + i)).failures.empty()) return 1;
    }
    return 0;
  }

 private:
  const int mutant_;
  const uint64_t first_, seeds_max_;
};

}  // namespace

int FindMutants(uint64_t seeds_max, int only) {
  int missed = 0;
  std::printf("mutant\tseeds\tworst\tcpu_seconds\twhat\n");
  for (const Mutant& mutant : kMutants) {
    if (only != 0 && mutant.number != only) continue;
    std::array<uint64_t, kFirstSeeds.size()> costs{};
    bool all_found = true;
    const double start = CpuSeconds();
    for (size_t i = 0; i < costs.size(); ++i) {
      Hunt hunt(mutant.number, kFirstSeeds[i], seeds_max);
      const ChildResult result = RunInChild(hunt);
      costs[i] = result.last_report.value_or(0);
      all_found &= result.died || result.exit_code == 1;
    }
    const double cpu = (CpuSeconds() - start) / static_cast<double>(costs.size());
    std::sort(costs.begin(), costs.end());
    const std::string found = all_found ? std::to_string(costs[1]) : "NOT FOUND";
    std::printf("%d\t%s\t%llu\t%.1f\t%s\n", mutant.number, found.c_str(),
                static_cast<unsigned long long>(costs.back()), cpu, mutant.what);
    std::fflush(stdout);
    missed += all_found ? 0 : 1;
  }
  return missed == 0 ? 0 : 1;
}

}  // namespace dunlin::sim
