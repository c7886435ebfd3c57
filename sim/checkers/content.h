// Invariant 'content': what is delivered was published, unaltered, and to somebody who asked for
// it.
//
// Subject, reply, headers and payload as published; the subscription's pattern covers the subject;
// the sid is one of the connection's; nothing comes back to a publisher that asked for no echo.
#pragma once

#include <memory>

#include "sim/checkers/history.h"

namespace dunlin::sim {

[[nodiscard]] std::unique_ptr<Checker> MakeContentChecker(History& history);

}  // namespace dunlin::sim
