#include "sim/store/consumer_teller.h"

#include <algorithm>
#include <utility>

#include "sim/store/story_plan.h"

namespace dunlin::sim {

using Verb = StoryStep::Verb;

StoryStep ConsumerTeller::About(size_t stream, const std::string& name) const {
  StoryStep step;
  step.stream = stream;
  step.consumer.name = step.consumer.config.name = name;
  return step;
}

std::vector<StoryStep> ConsumerTeller::Next(const StoryRunner& runner, size_t stream) {
  std::vector<StoryStep> steps;
  if (names_ == 0 || !runner.there(stream) || runner.in_memory(stream)) return steps;
  StoryStep step = About(stream, Name());
  const ConsumerTwin* const now = runner.consumers().Now(stream, step.consumer.name);
  if (now == nullptr) {
    if (rng_.Chance(2, 3)) return steps;
    step = Add(std::move(step));
  } else {
    if (rng_.Chance(1, 3)) return steps;
    step = Change(std::move(step), *now, runner.twin(stream).last());
  }
  // What takes its time is cut off on the way more often than others.
  const bool takes_time =
      step.verb == Verb::kAdd || step.verb == Verb::kDrop || step.verb == Verb::kCheckpoint;
  if (takes_time && rng_.Chance(1, 10)) steps.push_back(Death(30));
  steps.push_back(std::move(step));
  return steps;
}

std::vector<StoryStep> ConsumerTeller::BeforeStop(const StoryRunner& runner, size_t stream) {
  std::vector<StoryStep> steps;
  if (names_ == 0 || !runner.there(stream) || runner.in_memory(stream) || rng_.Chance(1, 2))
    return steps;
  StoryStep step = About(stream, Name());
  const ConsumerTwin* const now = runner.consumers().Now(stream, step.consumer.name);
  if (now != nullptr) {
    step.verb = rng_.Chance(1, 2) ? Verb::kDrop : Verb::kCheckpoint;
    steps.push_back(step);
  }
  if (now == nullptr || (step.verb == Verb::kDrop && rng_.Chance(1, 2)))
    steps.push_back(Add(About(stream, step.consumer.name)));
  StoryStep turn;
  turn.verb = Verb::kTurn;
  turn.count = rng_.Below(25);
  steps.push_back(turn);
  return steps;
}

std::optional<StoryStep> ConsumerTeller::Harm(StoryRunner& runner) {
  if (names_ == 0 || rng_.Chance(2, 3)) return std::nullopt;
  std::vector<std::string> files;
  for (std::string& path : runner.Files()) {
    if (path.find("/obs/") != std::string::npos && !runner.Contents(path).empty())
      files.push_back(std::move(path));
  }
  if (files.empty()) return std::nullopt;
  StoryStep step;
  step.path = files[rng_.Below(files.size())];
  const uint64_t place = rng_.Below(runner.Contents(step.path).size());
  const uint64_t kind = rng_.Below(5);
  step.verb = kind == 0 ? Verb::kDelete : kind == 1 ? Verb::kCut : Verb::kRot;
  (step.verb == Verb::kCut ? step.size : step.offset) = step.verb == Verb::kDelete ? 0 : place;
  step.variant = step.verb == Verb::kRot ? rng_.Below(1000) : 0;
  return step;
}

StoryStep ConsumerTeller::Death(uint64_t in_max) {
  StoryStep death = DrawDeath(rng_);
  death.in = rng_.Below(in_max);
  return death;
}

StoryStep ConsumerTeller::Add(StoryStep step) {
  static constexpr AckPolicy kPolicies[] = {AckPolicy::kExplicit, AckPolicy::kExplicit,
                                            AckPolicy::kAll, AckPolicy::kNone};
  step.verb = Verb::kAdd;
  step.consumer.config.ack_policy = kPolicies[rng_.Below(std::size(kPolicies))];
  if (rng_.Chance(1, 3)) step.consumer.config.max_deliver = rng_.Between(1, 4);
  return step;
}

StoryStep ConsumerTeller::Delivery(StoryStep step, const ConsumerTwin& now) {
  step.verb = Verb::kDeliver;
  const auto& pending = now.state().pending;
  if (!pending.empty() && rng_.Chance(1, 5)) {
    step.seq = pending[rng_.Below(pending.size())].stream_seq;
    return step;
  }
  step.seq = now.state().delivered.stream + 1 + (rng_.Chance(1, 6) ? rng_.Below(5) : 0);
  if (rng_.Chance(1, 8)) step.count = 2 + rng_.Below(12);
  return step;
}

StoryStep ConsumerTeller::Ack(StoryStep step, const ConsumerTwin& now) {
  const auto& pending = now.state().pending;
  step.verb = Verb::kAck;
  step.seq = 1 + rng_.Below(now.state().delivered.stream + 2);
  if (pending.empty() || rng_.Chance(1, 10)) return step;
  step.seq = pending[rng_.Chance(1, 2) ? 0 : rng_.Below(pending.size())].stream_seq;
  return step;
}

// Of a replica that is ahead, or lags.
StoryStep ConsumerTeller::State(StoryStep step, const ConsumerTwin& now) {
  step.verb = Verb::kState;
  step.consumer.force = rng_.Chance(1, 3);
  ConsumerState& state = step.consumer.state;
  state.delivered = now.state().delivered;
  if (rng_.Chance(1, 5)) {
    state.delivered.consumer -= rng_.Below(state.delivered.consumer + 1) / 2;
  } else {
    state.delivered.consumer += rng_.Below(6);
  }
  // One after the other: compilers differ in which argument comes first.
  const uint64_t more = rng_.Below(2), skipped = rng_.Below(6);
  state.delivered.stream =
      std::max(state.delivered.stream + skipped, state.delivered.consumer + more);
  const uint64_t open = rng_.Below(std::min<uint64_t>(state.delivered.consumer, 12) + 1);
  state.ack_floor.consumer = state.delivered.consumer - open;
  state.ack_floor.stream = state.delivered.stream - open;
  if (now.config().ack_policy == AckPolicy::kNone) state.ack_floor = state.delivered;
  for (uint64_t i = 1; state.ack_floor.consumer + i <= state.delivered.consumer; ++i) {
    if (rng_.Chance(1, 3)) continue;
    const uint64_t seq = state.ack_floor.stream + i;
    state.pending.push_back({seq, state.ack_floor.consumer + i, {}});
    if (rng_.Chance(1, 4)) state.redelivered.push_back({seq, 1 + rng_.Below(3)});
  }
  return step;
}

StoryStep ConsumerTeller::Change(StoryStep step, const ConsumerTwin& now, Seq last) {
  const bool no_acks = now.config().ack_policy == AckPolicy::kNone;
  step.verb = Verb::kStarting;
  if (!now.has_state() && rng_.Chance(1, 3)) {
    step.seq = rng_.Below(last + 1);
    return step;
  }
  switch (rng_.Below(28)) {
    case 0:
      step.verb = Verb::kForget;
      step.seq = rng_.Below(now.state().delivered.stream + 2);
      return step;
    case 1:
      step.seq = now.state().delivered.stream + rng_.Below(5);
      step.consumer.starting = StoryConsumer::Starting::kMoved;
      return step;
    case 2:
      if (rng_.Chance(1, 2)) return Delivery(std::move(step), now);
      step.seq = rng_.Below(last + 1);
      step.consumer.starting = StoryConsumer::Starting::kReset;
      return step;
    case 3:
      step.verb = Verb::kConfig;
      step.consumer.config = now.config();
      step.consumer.config.max_deliver = rng_.Chance(1, 3) ? -1 : rng_.Between(1, 5);
      return step;
    case 4: return State(std::move(step), now);
    case 5: step.verb = rng_.Chance(1, 3) ? Verb::kDrop : Verb::kCheckpoint; return step;
    case 6: step.verb = Verb::kCheckpoint; return step;
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
    case 12:
    case 13:
    case 14:
    case 15:
    case 16: return no_acks ? Delivery(std::move(step), now) : Ack(std::move(step), now);
    default: return Delivery(std::move(step), now);
  }
}

}  // namespace dunlin::sim
