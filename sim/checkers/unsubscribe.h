// Invariant 'unsubscribe': nothing is delivered to a subscription that is over.
//
// Over: its UNSUB is carried out for certain, or the maximum of its UNSUB is reached (counted from
// SUB; what came before the UNSUB was carried out may exceed it).
#pragma once

#include <memory>

#include "sim/checkers/history.h"

namespace dunlin::sim {

[[nodiscard]] std::unique_ptr<Checker> MakeUnsubscribeChecker(History& history);

}  // namespace dunlin::sim
