// What a seed of the store campaign is about: expanded first, so that a run can be described.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/rng.h"
#include "sim/disk/faults.h"
#include "sim/store/store_node.h"

namespace dunlin::sim {

struct StorePlan {
  enum class Trouble : uint8_t {
    kCalm,    // Deaths only.
    kErrors,  // The disk fails, fills up and stalls.
    kDamage,  // Bad sectors, and files that somebody changed.
  };
  Trouble trouble = Trouble::kCalm;
  StoreNodeOptions node;
  DiskFaults faults;
  uint64_t capacity_bytes = UINT64_MAX;  // While faults last.
  int lives = 1;
  int changes_per_life = 0;
  size_t payload_bytes_max = 0;
  bool has_interval_policy() const {
    return node.storage.journal.sync == JournalOptions::Sync::kInterval;
  }
};

[[nodiscard]] StorePlan ExpandStorePlan(uint64_t seed);
[[nodiscard]] std::string Describe(const StorePlan& plan);

}  // namespace dunlin::sim
