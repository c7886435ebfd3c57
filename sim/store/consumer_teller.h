// Thinks up what happens to the consumers of a story, step by step. Its draws are its own: those of
// the story around it do not know of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "sim/store/story_runner.h"

namespace dunlin::sim {

class ConsumerTeller {
 public:
  // 'names': of how many consumers each stream may have; 0: there are none.
  ConsumerTeller(const Rng& rng, uint64_t names) : rng_(rng), names_(names) {}

  // What comes next, beside a change of the stream. Mostly one step, or nothing.
  std::vector<StoryStep> Next(const StoryRunner& runner, size_t stream);
  // Something that a stop, which comes next, meets half done.
  std::vector<StoryStep> BeforeStop(const StoryRunner& runner, size_t stream);
  // Damage to one of these files, while no process runs.
  std::optional<StoryStep> Harm(StoryRunner& runner);

 private:
  StoryStep About(size_t stream, const std::string& name) const;
  StoryStep Add(StoryStep step);
  StoryStep Delivery(StoryStep step, const ConsumerTwin& now);
  StoryStep Ack(StoryStep step, const ConsumerTwin& now);
  StoryStep State(StoryStep step, const ConsumerTwin& now);
  StoryStep Change(StoryStep step, const ConsumerTwin& now, Seq last);
  StoryStep Death(uint64_t in_max);
  std::string Name() { return "C" + std::to_string(rng_.Below(names_)); }

  Rng rng_;
  const uint64_t names_;
};

}  // namespace dunlin::sim
