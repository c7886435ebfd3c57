// Invariant 'order': a subscriber sees the messages of one publisher in the order of publishing.
//
// On one subscription each at most once; over all subscriptions of a connection never an earlier
// one behind a later one.
#pragma once

#include <memory>

#include "sim/checkers/history.h"

namespace dunlin::sim {

[[nodiscard]] std::unique_ptr<Checker> MakeOrderChecker(History& history);

}  // namespace dunlin::sim
