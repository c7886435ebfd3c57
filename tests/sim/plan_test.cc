#include "sim/plan/plan.h"

#include <gtest/gtest.h>

#include <set>

#include "sim/plan/run.h"
#include "sim/plan/shrink.h"

namespace dunlin::sim {
namespace {

TEST(Plan, ASeedAlwaysExpandsTheSame) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    EXPECT_EQ(FormatPlan(ExpandPlan(seed)), FormatPlan(ExpandPlan(seed)));
  }
  EXPECT_NE(FormatPlan(ExpandPlan(1)), FormatPlan(ExpandPlan(2)));
}

TEST(Plan, TheTextSaysItAll) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::string text = FormatPlan(ExpandPlan(seed));
    Plan plan;
    std::string error;
    ASSERT_TRUE(ParsePlan(text, &plan, &error)) << error;
    EXPECT_EQ(FormatPlan(plan), text);
  }
}

TEST(Plan, APersonMayWriteOne) {
  Plan plan;
  std::string error;
  ASSERT_TRUE(
      ParsePlan("# two clients, one stalls\n"
                "plan seed=3 length=2s   jitter=no\n\n"
                "link chop=tiny latency_max=5ms\n"
                "client id=1 publish=1\n"
                "client id=2 subscribe=3\n"
                "fault kind=stall client=2 at=500ms length=1s # for a while\n",
                &plan, &error))
      << error;
  EXPECT_EQ(plan.seed, 3u);
  EXPECT_EQ(plan.length, Seconds(2));
  EXPECT_FALSE(plan.jitter);
  EXPECT_EQ(plan.link.chop, Chop::kTiny);
  ASSERT_EQ(plan.clients.size(), 2u);
  EXPECT_EQ(plan.clients[1].subscribe, 3);
  ASSERT_EQ(plan.faults.size(), 1u);
  EXPECT_EQ(plan.faults[0].kind, FaultKind::kStall);
  EXPECT_EQ(plan.faults[0].at, Millis(500));
}

TEST(Plan, MistakesAreNamedWithTheirLine) {
  const auto error_of = [](std::string_view text) {
    Plan plan;
    std::string error;
    EXPECT_FALSE(ParsePlan(text, &plan, &error)) << text;
    return error;
  };
  EXPECT_EQ(error_of("plan seed=1\nserver speed=9\n"), "line 2: no such field: 'speed'");
  EXPECT_EQ(error_of("plan seed=x\n"), "line 1: not a value of 'seed': 'x'");
  EXPECT_EQ(error_of("plan length=5\n"), "line 1: not a value of 'length': '5'");
  EXPECT_EQ(error_of("fault kind=flood\n"), "line 1: not a value of 'kind': 'flood'");
  EXPECT_EQ(error_of("plan seed\n"), "line 1: not name=value: 'seed'");
  EXPECT_EQ(error_of("moon\n"),
            "line 1: not 'plan', 'link', 'server', 'client' or 'fault': 'moon'");
}

TEST(Plan, OneInFiveIsCalm) {
  int calm = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const Plan plan = ExpandPlan(seed);
    calm += plan.faults.empty() && FormatPlan(plan).find("\nlink\n") != std::string::npos;
  }
  EXPECT_GT(calm, 20);
  EXPECT_LT(calm, 60);
}

TEST(Plan, EveryFaultComesUp) {
  std::set<FaultKind> seen;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    for (const FaultPlan& fault : ExpandPlan(seed).faults) seen.insert(fault.kind);
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(FaultKind::kReopenLog) + 1);
}

TEST(Plan, OneThatPassesCannotBeShrunk) { EXPECT_FALSE(ShrinkPlan(ExpandPlan(3)).has_value()); }

}  // namespace
}  // namespace dunlin::sim
