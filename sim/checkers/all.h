// Every invariant over what clients see.
#pragma once

#include "sim/checkers/history.h"

namespace dunlin::sim {

// Whether the server may throw messages away without closing the connection that they are for.
enum class Drops : uint8_t { kForbidden, kAllowed };

void AddAllCheckers(History& history, Drops drops);

}  // namespace dunlin::sim
