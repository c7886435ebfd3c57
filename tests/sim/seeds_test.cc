// Whole seeded runs: they pass, and they repeat to the byte.
#include <gtest/gtest.h>

#include "sim/plan/plan.h"
#include "sim/plan/run.h"

namespace dunlin::sim {
namespace {

TEST(Seeds, TheFirstOnesPass) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const RunResult result = RunPlan(ExpandPlan(seed));
    ASSERT_TRUE(result.failures.empty())
        << "dunlin-sim --seed " << seed << ": " << result.failures[0].invariant << ": "
        << result.failures[0].text;
    EXPECT_GT(result.connections, 0u);
  }
}

TEST(Seeds, TheSameSeedGivesTheSameHash) {
  for (uint64_t seed = 100; seed < 110; ++seed) {
    const RunResult first = RunPlan(ExpandPlan(seed));
    const RunResult second = RunPlan(ExpandPlan(seed));
    EXPECT_EQ(first.hash, second.hash) << "seed " << seed;
    EXPECT_EQ(first.records, second.records) << "seed " << seed;
  }
}

TEST(Seeds, AnotherSeedGivesAnotherHash) {
  EXPECT_NE(RunPlan(ExpandPlan(1)).hash, RunPlan(ExpandPlan(2)).hash);
}

TEST(Seeds, AReplayedPlanIsTheSameRun) {
  for (uint64_t seed = 200; seed < 205; ++seed) {
    const Plan plan = ExpandPlan(seed);
    Plan replayed;
    std::string error;
    ASSERT_TRUE(ParsePlan(FormatPlan(plan), &replayed, &error)) << error;
    EXPECT_EQ(RunPlan(plan).hash, RunPlan(replayed).hash) << "seed " << seed;
  }
}

}  // namespace
}  // namespace dunlin::sim
