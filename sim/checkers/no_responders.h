// Invariant 'no-responders': a request that nobody can have heard is answered with 503, and only
// such a one.
//
// Needed if no subscription that ever was matches; wrong if one that matches was certainly there
// when the request was sent, and is still. Between the two the server may say either.
#pragma once

#include <memory>

#include "sim/checkers/history.h"

namespace dunlin::sim {

[[nodiscard]] std::unique_ptr<Checker> MakeNoRespondersChecker(History& history);

}  // namespace dunlin::sim
