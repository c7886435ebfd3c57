#include "sim/store/story_plan.h"

namespace dunlin::sim {
namespace {

// Off, or so many in a million, up to a most.
FaultRate Sometimes(Rng& rng, uint32_t per_million_max, uint32_t budget) {
  if (rng.Chance(1, 2)) return {};
  return {.per_million = static_cast<uint32_t>(1 + rng.Below(per_million_max)), .budget = budget};
}

JournalOptions JournalOf(Rng& rng) {
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

file::FileLimits LimitsOf(Rng& rng) {
  file::FileLimits limits;
  limits.block_bytes = 400 + rng.Below(6000);
  limits.checkpoint_bytes = 1000 + rng.Below(30'000);
  limits.reader.cache_bytes_max = rng.Below(20'000);
  limits.writer.write_bytes_min = 1 + rng.Below(2000);
  limits.writer.write_bytes_max = 4096;
  return limits;
}

void LimitSomething(Rng& rng, StoreConfig* config) {
  switch (rng.Below(5)) {
    case 0: config->max_msgs = rng.Chance(1, 4) ? -1 : rng.Between(1, 40); break;
    case 1: config->max_msgs_per_subject = rng.Chance(1, 4) ? -1 : rng.Between(1, 5); break;
    case 2: config->max_bytes = rng.Chance(1, 4) ? -1 : rng.Between(300, 6000); break;
    case 3:
      config->max_age = rng.Chance(1, 4) ? Duration{} : Millis(rng.Between(500, 20'000));
      break;
    default: break;
  }
}

StoryStream StreamOf(Rng& rng, size_t number) {
  StoryStream stream;
  StoreConfig& config = stream.config;
  config.name = "S" + std::to_string(number);
  stream.in_memory = rng.Chance(1, 8);
  for (uint64_t limits = rng.Below(3); limits > 0; --limits) LimitSomething(rng, &config);
  if (rng.Chance(1, 8)) config.discard = DiscardPolicy::kNew;
  config.discard_new_per_subject = rng.Chance(1, 2) && config.discard == DiscardPolicy::kNew;
  if (rng.Chance(1, 4)) config.compression = StoreCompression::kS2;
  config.allow_msg_ttl = rng.Chance(1, 4);
  if (config.allow_msg_ttl && rng.Chance(1, 3))
    config.subject_delete_marker_ttl = Seconds(rng.Between(1, 6));
  if (rng.Chance(1, 12)) config.first_seq = 1 + rng.Below(1000);
  return stream;
}

}  // namespace

StoreConfig ChangedConfig(Rng& rng, StoreConfig config) {
  LimitSomething(rng, &config);
  if (rng.Chance(1, 4)) {
    config.compression = config.compression == StoreCompression::kS2 ? StoreCompression::kNone
                                                                     : StoreCompression::kS2;
  }
  if (rng.Chance(1, 8) && !config.discard_new_per_subject) {
    config.discard =
        config.discard == DiscardPolicy::kNew ? DiscardPolicy::kOld : DiscardPolicy::kNew;
  }
  return config;
}

StoryPlan PlanStory(uint64_t seed) {
  Rng rng = Rng(seed).Fork("plan");
  StoryPlan plan;
  plan.setup.seed = seed;
  plan.setup.journal = JournalOf(rng);
  plan.setup.limits = LimitsOf(rng);
  if (rng.Chance(1, 6)) plan.setup.key = "key 0";
  if (rng.Chance(1, 2)) plan.setup.cipher = crypto::CipherKind::kAes;
  for (size_t streams = 1 + rng.Below(3), i = 0; i < streams; ++i)
    plan.setup.streams.push_back(StreamOf(rng, i));
  plan.lives = static_cast<int>(1 + rng.Below(6));
  plan.changes = static_cast<int>(1 + rng.Below(150));
  plan.payload_bytes_max = rng.Chance(1, 4) ? 3000 : 200;
  switch (rng.Below(4)) {
    case 0: break;
    case 1:
      plan.trouble = StoryPlan::Trouble::kDamage;
      plan.faults.rot_at_restart = Sometimes(rng, 200'000, 3);
      plan.faults.truncated_at_restart = Sometimes(rng, 100'000, 1);
      plan.faults.foreign_at_restart = Sometimes(rng, 500'000, 2);
      break;
    default:
      plan.trouble = StoryPlan::Trouble::kErrors;
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

std::string Describe(const StoryPlan& plan) {
  std::string text = plan.setup.has_interval_policy()                      ? "interval"
                     : plan.setup.journal.access == Access::kDurableWrites ? "always, direct"
                                                                           : "always, buffered";
  if (!plan.setup.key.empty()) text += ", encrypted";
  text += ", depth " + std::to_string(plan.setup.journal.depth);
  text += plan.trouble == StoryPlan::Trouble::kCalm     ? ", deaths"
          : plan.trouble == StoryPlan::Trouble::kErrors ? ", errors"
                                                        : ", damage";
  return text + ", " + std::to_string(plan.setup.streams.size()) + " streams, " +
         std::to_string(plan.lives) + " lives of " + std::to_string(plan.changes);
}

}  // namespace dunlin::sim
