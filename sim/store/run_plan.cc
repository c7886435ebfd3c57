#include "sim/store/run_plan.h"

namespace dunlin::sim {
namespace {

// Off, or so many in a million, up to a most.
FaultRate Sometimes(Rng& rng, uint32_t per_million_max, uint32_t budget) {
  if (rng.Chance(1, 2)) return {};
  return {.per_million = static_cast<uint32_t>(1 + rng.Below(per_million_max)), .budget = budget};
}

}  // namespace

JournalOptions PlanJournal(Rng& rng) {
  JournalOptions options;
  options.segment_bytes = 64 << 10;
  options.segments_max = static_cast<uint32_t>(3 + rng.Below(3));
  options.prepare_bytes_ahead = 32 << 10;
  options.gather_bytes_max = 64 << 10;
  options.depth = rng.Chance(1, 2) ? 1 : 4;
  options.access = rng.Chance(2, 3) ? Access::kDurableWrites : Access::kWrite;
  if (rng.Chance(1, 4)) {
    options.sync = JournalOptions::Sync::kInterval;
    options.sync_interval = Millis(rng.Between(1, 2000));
    options.access = Access::kWrite;
  }
  return options;
}

file::FileLimits PlanLimits(Rng& rng) {
  file::FileLimits limits;
  limits.block_bytes = 400 + rng.Below(6000);
  limits.checkpoint_bytes = 1000 + rng.Below(30'000);
  limits.reader.cache_bytes_max = rng.Below(20'000);
  limits.writer.write_bytes_min = 1 + rng.Below(2000);
  limits.writer.write_bytes_max = 4096;
  // Most stores are too small to have one.
  limits.index.data_bytes_min = limits.block_bytes % 3 == 0 ? 1 << 30 : 0;
  limits.index.slack_bytes = limits.checkpoint_bytes % 1000;
  return limits;
}

void PlanHarm(Rng rng, RunPlan* plan) {
  if (!rng.Chance(1, 4)) return;
  plan->harms = true;
  plan->faults.zeroed_at_restart = Sometimes(rng, 60'000, 1);
  plan->faults.deleted_at_restart = Sometimes(rng, 60'000, 1);
  plan->faults.swapped_at_restart = Sometimes(rng, 60'000, 1);
}

void PlanRot(Rng rng, RunPlan* plan) {
  if (plan->trouble != RunPlan::Trouble::kDamage || !rng.Chance(1, 2)) return;
  plan->faults.rot_on_read = {.per_million = static_cast<uint32_t>(1000 + rng.Below(100'000)),
                              .budget = static_cast<uint32_t>(1 + rng.Below(3))};
}

RunPlan PlanRun(Rng& rng) {
  RunPlan plan;
  plan.lives = static_cast<int>(1 + rng.Below(6));
  plan.changes = static_cast<int>(1 + rng.Below(150));
  plan.payload_bytes_max = rng.Chance(1, 4) ? 3000 : 200;
  switch (rng.Below(4)) {
    case 0: break;
    case 1:
      plan.trouble = RunPlan::Trouble::kDamage;
      plan.faults.rot_at_restart = Sometimes(rng, 200'000, 3);
      plan.faults.truncated_at_restart = Sometimes(rng, 100'000, 1);
      plan.faults.foreign_at_restart = Sometimes(rng, 500'000, 2);
      break;
    default:
      plan.trouble = RunPlan::Trouble::kErrors;
      plan.faults.read_error = Sometimes(rng, 5000, 3);
      plan.faults.write_error = Sometimes(rng, 5000, 3);
      plan.faults.sync_error = Sometimes(rng, 5000, 3);
      plan.faults.space_error = Sometimes(rng, 5000, 3);
      plan.faults.too_many_files = Sometimes(rng, 5000, 3);
      plan.faults.stall = Sometimes(rng, 5000, 5);
      if (rng.Chance(1, 4)) plan.capacity_bytes = (200 + rng.Below(300)) << 10;
  }
  return plan;
}

std::string Describe(const RunPlan& plan, const JournalOptions& journal, bool encrypted,
                     size_t streams) {
  std::string text = journal.sync == JournalOptions::Sync::kInterval ? "interval"
                     : journal.access == Access::kDurableWrites      ? "always, direct"
                                                                     : "always, buffered";
  if (encrypted) text += ", encrypted";
  text += ", depth " + std::to_string(journal.depth);
  text += plan.trouble == RunPlan::Trouble::kCalm     ? ", deaths"
          : plan.trouble == RunPlan::Trouble::kErrors ? ", errors"
                                                      : ", damage";
  if (plan.harms) text += ", harm";
  if (plan.faults.rot_on_read.per_million > 0) text += ", rot";
  return text + ", " + std::to_string(streams) + " streams, " + std::to_string(plan.lives) +
         " lives of " + std::to_string(plan.changes);
}

}  // namespace dunlin::sim
