// What a seed of the store campaign is about: expanded first, so that a run can be described.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/rng.h"
#include "sim/store/run_plan.h"
#include "sim/store/store_node.h"

namespace dunlin::sim {

struct StorePlan {
  StoreNodeOptions node;
  RunPlan run;
  bool has_interval_policy() const {
    return node.storage.journal.sync == JournalOptions::Sync::kInterval;
  }
};

[[nodiscard]] StorePlan ExpandStorePlan(uint64_t seed);
[[nodiscard]] std::string Describe(const StorePlan& plan);

}  // namespace dunlin::sim
