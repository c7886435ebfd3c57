// What a seed of the store campaign is about: decided first, so that a run can be described.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/rng.h"
#include "sim/store/run_plan.h"
#include "sim/store/story.h"

namespace dunlin::sim {

struct StoryPlan {
  StorySetup setup;
  RunPlan run;
  uint64_t subjects = 1;
  static constexpr uint32_t kKinds = 10;
  bool drops = false;      // Streams are deleted, and made anew.
  bool parts_go = false;   // Of the index that a death leaves.
  uint64_t consumers = 0;  // That each stream on the disk may have.
  uint32_t left_out = 0;   // A bit for each of the kinds of change, in Storyteller::Change().
};

[[nodiscard]] StoryPlan PlanStory(uint64_t seed);
[[nodiscard]] std::string Describe(const StoryPlan& plan);

// Now, whatever comes: a kill or a power loss.
[[nodiscard]] StoryStep DrawDeath(Rng& rng);

// The config with one or two things changed that may be changed while a stream lives.
[[nodiscard]] StoreConfig ChangedConfig(Rng& rng, StoreConfig config);

}  // namespace dunlin::sim
