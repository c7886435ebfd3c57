// The planted bugs of the engine (engine/base/mutant.h), and what it costs to find them.
#pragma once

#include <cstdint>

namespace dunlin::sim {

// Runs campaigns with each planted bug switched on (or only with 'only', if that is not 0), of at
// most 'seeds_max' seeds, and prints the table that is kept as sim/mutants.tsv. 1 if one was not
// found.
[[nodiscard]] int FindMutants(uint64_t seeds_max, int only);

}  // namespace dunlin::sim
