// One scenario in the simulator, twice: a run that cannot be repeated is a failure of its own.
#pragma once

#include <cstdint>

#include "sim/scenario/executor.h"
#include "sim/trace.h"

namespace dunlin::scenario {

struct SimRun {
  Outcome outcome;
  uint64_t hash = 0;
};

// 'sink', if there is one, sees every event and effect of the first run.
[[nodiscard]] SimRun RunInSimulator(const Script& script, uint64_t seed,
                                    sim::TraceSink* sink = nullptr);

}  // namespace dunlin::scenario
