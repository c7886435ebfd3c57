#include "sim/store/story_plan.h"

namespace dunlin::sim {
namespace {

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
  config.allow_msg_ttl = rng.Chance(1, stream.in_memory ? 2 : 4);
  if (config.allow_msg_ttl && rng.Chance(1, 2))
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

StoryStep DrawDeath(Rng& rng) {
  StoryStep death;
  death.verb = rng.Chance(1, 2) ? StoryStep::Verb::kKill : StoryStep::Verb::kPowerLoss;
  death.variant = rng.Below(1000);
  return death;
}

// On its own, too.
static void PlanConsumers(Rng rng, StoryPlan* plan) {
  if (!rng.Chance(1, 3)) return;
  plan->consumers = 1 + rng.Below(3);
  if (rng.Chance(1, 2)) plan->setup.consumer_limits.checkpoint_bytes = 20 + rng.Below(2000);
  if (rng.Chance(1, 4)) plan->setup.consumer_limits.record_bytes = 8 + rng.Below(60);
}

StoryPlan PlanStory(uint64_t seed) {
  Rng rng = Rng(seed).Fork("plan");
  StoryPlan plan;
  plan.setup.seed = seed;
  plan.setup.journal = PlanJournal(rng);
  plan.setup.limits = PlanLimits(rng);
  if (rng.Chance(1, 6)) plan.setup.key = "key 0";
  if (rng.Chance(1, 2)) plan.setup.cipher = crypto::CipherKind::kAes;
  for (size_t streams = 1 + rng.Below(3), i = 0; i < streams; ++i)
    plan.setup.streams.push_back(StreamOf(rng, i));
  plan.run = PlanRun(rng);
  plan.subjects = rng.Chance(3, 4) ? 5 : 1 + rng.Below(50);
  plan.setup.rush = rng.Chance(1, 4);
  if (rng.Chance(1, 4)) {  // What is done in slices takes several.
    plan.setup.limits.records_per_slice = static_cast<int>(8 + rng.Below(24));
    if (rng.Chance(1, 2)) plan.subjects = 20 + rng.Below(60);
  }
  plan.setup.meta = Rng(seed).Fork("meta").Chance(1, 3);
  // Streams that are never purged, say, grow large.
  for (uint32_t kind = 0; kind < StoryPlan::kKinds; ++kind)
    plan.left_out |= rng.Chance(1, 3) ? 1u << kind : 0;
  // On its own: the other draws are what they were before there was this.
  Rng late = Rng(seed).Fork("late");
  const bool some_are_late = late.Chance(1, 3);
  for (StoryStream& stream : plan.setup.streams) stream.late = some_are_late && late.Chance(1, 2);
  plan.drops = late.Chance(1, 4);
  if (late.Chance(1, 8)) {  // What is done in slices is met half done.
    plan.setup.limits.records_per_slice = static_cast<int>(2 + late.Below(6));
    plan.setup.limits.index.data_bytes_min = 0;
    plan.setup.rush = true;
    if (late.Chance(1, 2)) plan.subjects = 20 + late.Below(60);
  }
  PlanConsumers(Rng(seed).Fork("consumers"), &plan);
  PlanHarm(Rng(seed).Fork("harm"), &plan.run);
  PlanRot(Rng(seed).Fork("rot"), &plan.run);
  plan.setup.alone = plan.run.harms && Rng(seed).Fork("alone").Chance(2, 3);
  plan.parts_go = Rng(seed).Fork("parts").Chance(1, 6);
  return plan;
}

std::string Describe(const StoryPlan& plan) {
  return Describe(plan.run, plan.setup.journal, !plan.setup.key.empty(), plan.setup.streams.size());
}

}  // namespace dunlin::sim
