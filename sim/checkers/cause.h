// Invariant 'cause': a connection that did nothing wrong, and to which nothing happened, is neither
// closed nor scolded. Who is excused is said by ConnRecord::excused.
#pragma once

#include <memory>

#include "sim/checkers/history.h"

namespace dunlin::sim {

[[nodiscard]] std::unique_ptr<Checker> MakeCauseChecker(History& history);

}  // namespace dunlin::sim
