// A piece of the store campaign in each test run: `dunlin-sim store` is the rest.
#include "sim/store/campaign.h"

#include <gtest/gtest.h>

#include "sim/store/store_plan.h"

namespace dunlin::sim {
namespace {

TEST(StoreCampaign, TheSameSeedIsTheSameRun) {
  for (uint64_t seed = 3; seed < 8; ++seed) {
    const StoreRunResult once = RunStoreSeed(seed), twice = RunStoreSeed(seed);
    EXPECT_EQ(once.hash, twice.hash);
    EXPECT_EQ(once.changes, twice.changes);
    EXPECT_GT(once.changes, 0u);
  }
}

TEST(StoreCampaign, PlansAreOfEveryKind) {
  int interval = 0, buffered = 0, errors = 0, damage = 0, calm = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const StorePlan plan = ExpandStorePlan(seed);
    interval += plan.has_interval_policy();
    buffered += plan.node.storage.journal.access == Access::kWrite;
    errors += plan.run.trouble == RunPlan::Trouble::kErrors;
    damage += plan.run.trouble == RunPlan::Trouble::kDamage;
    calm += plan.run.trouble == RunPlan::Trouble::kCalm;
  }
  for (const int count : {interval, buffered, errors, damage, calm}) EXPECT_GT(count, 20);
}

}  // namespace
}  // namespace dunlin::sim
