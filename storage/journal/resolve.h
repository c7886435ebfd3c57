// Decides, from all whole batches that lie in the segments, which of them are the journal: what was
// cut off in an earlier life is void, a torn tail is cut off, rot is named. A pure function.
//
// Each batch names the one before it, so a hole is seen; each says up to which number everything
// was durable when it was sealed, so it is seen whether the hole matters; each carries its life (of
// the process) and where that began, so that what an earlier life wrote behind that point and could
// not promise any more is never taken for a continuation.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/journal/format.h"

namespace dunlin::journal {

struct FoundBatch {
  uint64_t segment = 0;  // Id.
  uint32_t slot = 0;     // File.
  uint64_t offset = 0;
  uint64_t end = 0;  // Of its padding: where the next one starts.
  Mark mark;
};

struct Damage {
  size_t before = 0;             // Index in 'accepted'.
  uint64_t first = 0, last = 0;  // Batch numbers; first 0: the beginning is not known.
  uint64_t segment = 0;          // Id; or
  uint64_t offset = 0;
  uint32_t slot = UINT32_MAX;  // a file without one.
};

struct Resolution {
  std::vector<FoundBatch> accepted;
  std::vector<Damage> damages;
  bool torn = false;         // Something was cut off.
  uint64_t head = 0;         // The oldest live segment.
  uint64_t number_seen = 0;  // The highest batch number anywhere.
  uint64_t life_seen = 0;
};

// 'found' is ordered by (segment, offset).
[[nodiscard]] Resolution Resolve(std::vector<FoundBatch> found);

}  // namespace dunlin::journal
