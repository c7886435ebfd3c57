// A whole story, from its first step to a disk that is well again; with its blocks 'at every
// point'.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/store/story.h"
#include "sim/store/story_runner.h"

namespace dunlin::sim {

struct StoryResult {
  std::vector<StoryFailure> failures;  // Empty: passed.
  uint64_t hash = 0;                   // Of all that happened on all disks.
  uint64_t runs = 0;                   // Of the story, or a part of it.
  uint64_t points = 0;                 // At which it was stopped.
  StoryCounts counts;
};

struct StoryRunOptions {
  StoryRunner::Mode mode = StoryRunner::Mode::kStrict;
  uint64_t power_losses = 3;  // At each point.
  // At so many points, spread evenly, the recovery is cut off as well: after each of its effects.
  uint64_t recoveries_cut = 3;
  uint64_t runs_max = 4000;  // Beyond, points are left out evenly.
};

[[nodiscard]] StoryResult RunStory(const Story& story, const StoryRunOptions& options = {});

}  // namespace dunlin::sim
