// Of what moment something is that was found after a death: the journal was recovered up to 'from'
// at least, and to less than 'below'. What all have in common must be something: one journal has
// the changes of all.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/store/write_point.h"

namespace dunlin::sim {

struct Moment {
  uint64_t from = 0, below = UINT64_MAX;  // Batches.

  // It has this change, or has it not.
  void Has(WritePoint point) { from = std::max(from, point.batch); }
  void HasNot(WritePoint point) {
    if (point.batch > 0) below = std::min(below, point.batch);
  }
};

}  // namespace dunlin::sim
