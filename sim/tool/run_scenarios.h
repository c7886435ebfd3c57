// 'dunlin-sim run FILE...': scenarios against the simulated engine, each twice, with the hash of
// the run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/trace.h"

namespace dunlin::sim {

// Prints a line a file and what went wrong. The exit code: 0 passed, 1 failed, 2 a file cannot be
// read.
[[nodiscard]] int RunScenarios(const std::vector<std::string>& files, uint64_t seed,
                               TraceSink* sink);

}  // namespace dunlin::sim
