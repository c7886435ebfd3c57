// Invariant 'queue': a message goes to exactly one member of each queue group.
//
// All subscriptions with one queue name that match the message are one group, whatever their
// patterns. Never two; and not none, if a member was certainly there, unless a connection that may
// have been the one chosen went away since. As in 'lost', a PONG of every possible member settles
// it.
#pragma once

#include <memory>

#include "sim/checkers/history.h"

namespace dunlin::sim {

[[nodiscard]] std::unique_ptr<Checker> MakeQueueOnceChecker(History& history);

}  // namespace dunlin::sim
