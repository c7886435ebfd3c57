#include "sim/store/store_plan.h"

namespace dunlin::sim {
namespace {

StoreConfig StreamOf(Rng& rng, size_t number) {
  StoreConfig config;
  config.name = "S" + std::to_string(number);
  switch (rng.Below(4)) {
    case 0: config.max_msgs = rng.Between(1, 40); break;
    case 1: config.max_msgs_per_subject = rng.Between(1, 5); break;
    default: break;
  }
  return config;
}

}  // namespace

StorePlan ExpandStorePlan(uint64_t seed) {
  Rng rng = Rng(seed).Fork("plan");
  StorePlan plan;
  plan.node.storage.journal = PlanJournal(rng);
  plan.node.storage.limits = PlanLimits(rng);
  for (size_t streams = 1 + rng.Below(3), i = 0; i < streams; ++i)
    plan.node.streams.push_back(StreamOf(rng, i));
  plan.run = PlanRun(rng);
  return plan;
}

std::string Describe(const StorePlan& plan) {
  return Describe(plan.run, plan.node.storage.journal, false, plan.node.streams.size());
}

}  // namespace dunlin::sim
