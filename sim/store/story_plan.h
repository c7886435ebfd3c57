// What a seed of the store campaign is about: decided first, so that a run can be described.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/rng.h"
#include "sim/disk/faults.h"
#include "sim/store/story.h"

namespace dunlin::sim {

struct StoryPlan {
  enum class Trouble : uint8_t {
    kCalm,    // Deaths only.
    kErrors,  // The disk fails, fills up and stalls.
    kDamage,  // Bad sectors, and files that somebody changed.
  };
  Trouble trouble = Trouble::kCalm;
  StorySetup setup;
  DiskFaults faults;
  uint64_t capacity_bytes = UINT64_MAX;  // While faults last.
  int lives = 1;
  int changes = 0;  // In each life.
  size_t payload_bytes_max = 0;
  bool has_trouble() const { return trouble != Trouble::kCalm; }
};

[[nodiscard]] StoryPlan PlanStory(uint64_t seed);
[[nodiscard]] std::string Describe(const StoryPlan& plan);

// The config with one or two things changed that may be changed while a stream lives.
[[nodiscard]] StoreConfig ChangedConfig(Rng& rng, StoreConfig config);

}  // namespace dunlin::sim
