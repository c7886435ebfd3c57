// The planted bugs of storage (engine/base/mutant.h): each has a story that fails with it and
// passes without, and is found by the campaign.
#pragma once

#include <cstdint>
#include <string>

namespace dunlin::sim {

// Tells each story in 'folder' with its bug and without, and hunts for the bug in at most
// 'seeds_max' seeds of the campaign (0: does not), or does so only with bug 'only'. Prints the
// table that is kept as sim/store/planted.tsv. 1 if a story does not do what it is for, or a bug
// was not found.
[[nodiscard]] int CheckPlanted(const std::string& folder, uint64_t seeds_max, int only);

}  // namespace dunlin::sim
