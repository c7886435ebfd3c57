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
};

[[nodiscard]] StoryPlan PlanStory(uint64_t seed);
[[nodiscard]] std::string Describe(const StoryPlan& plan);

// The config with one or two things changed that may be changed while a stream lives.
[[nodiscard]] StoreConfig ChangedConfig(Rng& rng, StoreConfig config);

}  // namespace dunlin::sim
