// Makes a failing plan smaller, so that a person can read it.
#pragma once

#include <optional>

#include "sim/plan/plan.h"

namespace dunlin::sim {

// A plan with as few items as were found necessary that still violates the same invariant first.
// Nothing if 'plan' does not fail. Runs the plan some hundred times.
[[nodiscard]] std::optional<Plan> ShrinkPlan(const Plan& plan);

}  // namespace dunlin::sim
