// Stories from seeds: streams of every kind, changed in every way, in a process that dies at any
// time, in recovery too, on a disk that fails, fills up, forgets, rots and is wiped. One seed is
// one story, thought up while it is told; what is written down of it tells it again.
#pragma once

#include <cstdint>
#include <string>

#include "sim/store/story.h"
#include "sim/store/story_run.h"

namespace dunlin::sim {

struct StorySeedResult {
  Story story;         // As far as it went.
  StoryResult result;  // Of telling it.
};

[[nodiscard]] StorySeedResult RunStorySeed(uint64_t seed);

// Two failures are of one kind if their texts are, but for numbers and what is quoted.
[[nodiscard]] std::string KindOfFailure(std::string_view text);

// The shortest story found, within so many tellings, that fails in the same way.
[[nodiscard]] Story ShrinkStory(const Story& story, const std::string& kind,
                                uint64_t tellings_max = 4000);

}  // namespace dunlin::sim
