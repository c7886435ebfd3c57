// Decides when a fault strikes: a stream of random numbers for each kind, so that switching one
// kind off leaves the others as they were, and a count against its budget.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/rng.h"
#include "sim/disk/faults.h"

namespace dunlin::sim {

enum class DiskFault : uint8_t {
  kReadError,
  kWriteError,
  kSyncError,
  kSpaceError,
  kTooManyFiles,
  kStall,
  kRotOnRead,
  kRotAtRestart,
  kTruncated,
  kZeroed,
  kDeleted,
  kSwapped,
  kForeign,
  kWiped,
};
inline constexpr size_t kDiskFaults = 14;

[[nodiscard]] const char* NameOf(DiskFault fault);

class FaultDice {
 public:
  explicit FaultDice(const Rng& rng);

  // Whether the fault strikes at this occasion. Counts it.
  bool Strikes(DiskFault fault, const DiskFaults& faults);
  // To decide how a fault looks that has struck.
  Rng& rng(DiskFault fault) { return streams_[static_cast<size_t>(fault)]; }
  uint32_t struck(DiskFault fault) const { return struck_[static_cast<size_t>(fault)]; }

 private:
  std::vector<Rng> streams_;
  std::array<uint32_t, kDiskFaults> struck_{};
};

}  // namespace dunlin::sim
