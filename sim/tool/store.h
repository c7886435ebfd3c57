// The commands of dunlin-sim that run stores on a disk that lies.
#pragma once

#include <cstdint>

namespace dunlin::sim {

// One seed: its plan, what is wrong, its hash. Returns the exit code.
int RunOneStoreSeed(uint64_t seed);
// Many, one after the other, for so long or so many.
int RunStoreCampaign(uint64_t first, uint64_t seeds, double seconds);

// Likewise, with stories. What else is printed of one: a shorter one that fails in the same way, or
// itself.
enum class Shrink : uint8_t { kNo, kYes, kPrint };
int RunOneStory(uint64_t seed, Shrink shrink);
int RunStories(uint64_t first, uint64_t seeds, double seconds);

}  // namespace dunlin::sim
