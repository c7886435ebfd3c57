// Carries out a plan, judges what happened, and says whether the server passed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "sim/plan/plan.h"
#include "sim/trace.h"
#include "sim/world.h"

namespace dunlin::sim {

struct RunResult {
  std::vector<Failure> failures;  // Empty: passed.
  uint64_t hash = 0;
  uint64_t records = 0;  // Of the trace.
  std::vector<Trace::Mark> marks;
  Duration simulated;
  uint64_t published = 0, delivered = 0, connections = 0, subscriptions = 0;
  // Of a failed run: its last trace records, the server's log and what it says of itself.
  std::string last_records;
  std::string server_log;
  std::string server_state;
};

[[nodiscard]] RunResult RunPlan(const Plan& plan, TraceSink* sink = nullptr);

// Whether a limit of the plan may hit a client that does nothing wrong. In such a run connections
// may be ended and refused; what is said on them must still be right.
[[nodiscard]] bool IsTight(const Plan& plan);

}  // namespace dunlin::sim
