// A story of stores as one of the scenarios: run twice, judged and reported like all others.
#pragma once

#include "sim/scenario/sim_run.h"
#include "sim/store/story_run.h"

namespace dunlin::sim {

[[nodiscard]] scenario::SimRun RunStoryScenario(const Story& story,
                                                StoryResult* first_run = nullptr);

}  // namespace dunlin::sim
