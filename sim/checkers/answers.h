// Invariant 'answers': every PING is answered: within a bound something comes, until it is the
// PONG.
//
// (A client that was slow may have much to take first.)
// Also of a server whose limits are tight. Always for connections that no fault touches, and for
// all that can be reached once everything is healed.
#pragma once

#include <memory>

#include "sim/checkers/history.h"

namespace dunlin::sim {

[[nodiscard]] std::unique_ptr<Checker> MakeAnswersChecker(History& history);

}  // namespace dunlin::sim
