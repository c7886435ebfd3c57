// What the campaigns of stores have in common: how long a run is, and what its disk is like. Drawn
// from the run's Rng in a fixed order, so that a seed stays the run that it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/base/rng.h"
#include "sim/disk/faults.h"
#include "storage/file/file_store.h"
#include "storage/journal/journal.h"

namespace dunlin::sim {

struct RunPlan {
  enum class Trouble : uint8_t {
    kCalm,    // Deaths only.
    kErrors,  // The disk fails, fills up and stalls.
    kDamage,  // Bad sectors, and files that somebody changed.
  };
  Trouble trouble = Trouble::kCalm;
  DiskFaults faults;
  uint64_t capacity_bytes = UINT64_MAX;  // While faults last.
  int lives = 1;
  int changes = 0;  // In each life.
  size_t payload_bytes_max = 0;
  bool harms = false;  // Somebody damages or removes files of any kind, whatever else there is.
  bool has_trouble() const { return trouble != Trouble::kCalm || harms; }
};

// All of a RunPlan.
[[nodiscard]] RunPlan PlanRun(Rng& rng);
// On its own: what the other draws are does not change by it.
void PlanHarm(Rng rng, RunPlan* plan);
// Likewise: sectors that go bad while they are read.
void PlanRot(Rng rng, RunPlan* plan);
// Small ones, of any policy.
[[nodiscard]] JournalOptions PlanJournal(Rng& rng);
[[nodiscard]] file::FileLimits PlanLimits(Rng& rng);

// One line.
[[nodiscard]] std::string Describe(const RunPlan& plan, const JournalOptions& journal,
                                   bool encrypted, size_t streams);

}  // namespace dunlin::sim
