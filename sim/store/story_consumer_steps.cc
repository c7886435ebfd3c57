// StoryRunner: changes to a consumer, each held against what its twin says, and what it must be.
#include <algorithm>

#include "engine/base/check.h"
#include "sim/store/story_runner.h"
#include "sim/store/story_words.h"
#include "storage/storage.h"

namespace dunlin::sim {

// Whether it is, and takes changes; or the process could not bring it so far.
bool StoryRunner::HasConsumer(const StoryStep& step) {
  const std::string& name = step.consumer.name;
  if (!IsThere(step.stream)) return false;
  if (process_->file(step.stream) == nullptr) {
    if (mode_ == Mode::kStrict) Fail("a stream in memory has no consumers that are stored");
    return false;
  }
  if (!Ended(process_->AwaitConsumers(step.stream), "consumers are never found")) return false;
  if (step.verb == Verb::kAdd) return true;
  if (process_->consumer(step.stream, name) == nullptr) {
    if (mode_ == Mode::kStrict) Fail("there is no consumer " + name + ": 'add' it first");
    return false;
  }
  const bool there = Ended(process_->AwaitConsumer(step.stream, name),
                           "consumer " + name + " was added and never starts");
  NotePromises();
  // One that failed may still be deleted, or be asked why.
  return there || (well() && running() && !failed() && step.verb == Verb::kDrop);
}

bool StoryRunner::Ended(Outcome outcome, const std::string& what) {
  if (outcome == Outcome::kStuck) {
    // As IsThere().
    if (!MayWaitForRoom()) return Fail(what);
    Die(CrashKind::kKill, 0);
    was_cut_ = true;
  }
  return outcome == Outcome::kDone;
}

bool StoryRunner::DoConsumer(const StoryStep& step) {
  ++counts_.changes;
  if (!HasConsumer(step)) return well();
  for (int turns = 0; turns < 1000 && running() && !failed() && process_->storage().full(); ++turns)
    Turn();
  if (!well() || !running() || failed() || process_->storage().full()) return well();
  if (step.verb == Verb::kAdd) return DoAddConsumer(step);
  if (step.verb == Verb::kDrop) return DoDropConsumer(step);
  for (uint64_t i = 0; i < step.count; ++i) {
    if (i > 0) Pace();
    if (!well() || !running() || failed() || process_->storage().full()) return well();
    if (!ChangeConsumer(step, step.seq + i)) return false;
  }
  return true;
}

bool StoryRunner::DoAddConsumer(const StoryStep& step) {
  if (process_->consumer(step.stream, step.consumer.name) != nullptr) {
    if (mode_ == Mode::kLenient) return true;
    return Fail("there is a consumer " + step.consumer.name + " already: 'drop' it first");
  }
  process_->AddConsumer(step.stream, step.consumer.config);
  consumers_.Get(step.stream, step.consumer.name).Added(ConsumerTwin(step.consumer.config));
  return true;
}

bool StoryRunner::DoDropConsumer(const StoryStep& step) {
  const WritePoint point = process_->DropConsumer(step.stream, step.consumer.name);
  last_point_ = std::max(last_point_, point);
  ConsumerHistory& history = consumers_.Get(step.stream, step.consumer.name);
  if (history.now()) history.Changed(std::nullopt, point);
  return true;
}

bool StoryRunner::ChangeConsumer(const StoryStep& step, uint64_t seq) {
  const StoryConsumer& how = step.consumer;
  ConsumerHistory& history = consumers_.Get(step.stream, how.name);
  file::FileConsumerStore& store = *process_->consumer(step.stream, how.name);
  if (!history.now()) return true;  // Nobody knows what it has: it was damaged.
  // The reference refuses to change it, so nobody can ask.
  if (step.verb == Verb::kConfig && how.config.ack_policy != history.now()->config().ack_policy) {
    return mode_ == Mode::kLenient ||
           Fail("the ack policy of a consumer does not change: 'drop' it first");
  }
  ConsumerTwin after = *history.now();
  ConsumerError predicted = ConsumerError::kNone;
  ConsumerResult result;
  switch (step.verb) {
    case Verb::kDeliver: {
      const uint64_t as = how.seq > 0 ? how.seq : after.state().delivered.consumer + 1;
      const bool again = seq <= after.state().delivered.stream;
      const uint64_t count =
          how.deliveries > 0 ? how.deliveries : 1 + (again ? after.Redeliveries(seq) + 1 : 0);
      const WallTime time = driver_.now().wall;
      predicted = after.Deliver(as, seq, count, time);
      result = store.Delivered(as, seq, count, time);
      break;
    }
    case Verb::kAck: {
      const PendingAck* const pending = after.Pending(seq);
      const uint64_t as = how.seq > 0          ? how.seq
                          : pending != nullptr ? pending->consumer_seq
                                               : after.state().delivered.consumer;
      predicted = after.Ack(as, seq);
      result = store.Acked(as, seq);
      break;
    }
    case Verb::kStarting:
      if (how.starting == StoryConsumer::Starting::kNew) {
        after.SetStarting(seq);
        result = store.SetStarting(seq);
      } else if (how.starting == StoryConsumer::Starting::kReset) {
        after.Reset(seq);
        result = store.Reset(seq);
      } else {
        after.UpdateStarting(seq);
        result = store.UpdateStarting(seq);
      }
      break;
    case Verb::kForget:
      after.RemoveRedeliveredBelow(seq);
      result = store.RemoveRedeliveredBelow(seq);
      break;
    case Verb::kState: {
      ConsumerState state = how.state;
      for (PendingAck& pending : state.pending) pending.delivered = driver_.now().wall;
      predicted = after.Update(state, how.force);
      result = how.force ? store.ForceUpdate(state) : store.Update(state);
      break;
    }
    case Verb::kConfig:
      after.Configure(how.config);
      result = store.UpdateConfig(how.config);
      if (result.ok()) result = store.SetMeta(StoreProcess::MetaOf(how.config));
      break;
    default: CHECK(false);
  }
  if (!AgreeConsumer(step, result.error, predicted)) return false;
  if (result.error == ConsumerError::kFailed || result.error == ConsumerError::kClosed) return true;
  last_point_ = std::max(last_point_, result.point);
  history.Changed(std::move(after), result.point);
  return true;
}

// As Agree().
bool StoryRunner::AgreeConsumer(const StoryStep& step, ConsumerError got, ConsumerError predicted) {
  const std::string name = "consumer " + step.consumer.name + ": '" + WordOf(step.verb) + "'";
  const auto words = [](ConsumerError error) {
    return error == ConsumerError::kNone ? std::string("taken")
                                         : "refused (" + ConsumerErrorText(error) + ")";
  };
  if (got != predicted && (failed() || got == ConsumerError::kFailed)) {
    if (MayFail() || consumers_.IsDamaged(step.stream, step.consumer.name)) return true;
    return Fail(name + " fails: " + process_->Why());
  }
  if (got != predicted)
    return Fail(name + " is " + words(got) + " and should be " + words(predicted));
  if (got != ConsumerError::kNone) consumer_refusal_ = got;
  if (mode_ != Mode::kStrict) return true;
  const ConsumerError expected = step.consumer.error.value_or(ConsumerError::kNone);
  return got == expected || Fail(name + " is " + words(got) + ", not " + words(expected));
}

// --- After a start, and in between.

bool StoryRunner::RecoveredConsumers(size_t stream) {
  if (!there_[stream] || process_->file(stream) == nullptr || IsLame(stream)) {
    return consumers_.of(stream).empty() || TakeConsumers(stream);
  }
  if (process_->AwaitConsumers(stream) == Outcome::kStuck)
    return Fail("consumers of " + setup_.streams[stream].config.name + " are never found");
  if (process_->dying() || failed()) return true;
  return TakeConsumers(stream);
}

bool StoryRunner::TakeConsumers(size_t stream) {
  using Strict = StoryConsumers::Strict;
  StoryConsumers::Found how;
  how.lost_power = lost_power_ && setup_.has_interval_policy();
  how.notices = Said();
  const std::string& name = setup_.streams[stream].config.name;
  // They may be those of an earlier stream of that name.
  const bool alone = Named("stream '" + name + "', msgs, offset 0: " + std::string(kBlocksAlone));
  const file::FileStore* const file = there_[stream] ? process_->file(stream) : nullptr;
  const bool empty = file != nullptr && file->index().msgs == 0;  // Of which nothing is said.
  const bool whose = damage_.HitCheckpoint(name) && (alone || empty);
  if (whose || (!damage_.only_blocks() && (!there_[stream] || IsLame(stream)))) {
    how.strict = Strict::kNo;
  } else if (damage_.any_in_journal()) {
    how.strict = Strict::kJournal;
    how.told_below = ToldBelow();
  }
  const std::string problem = consumers_.TakeRecovered(process_.get(), stream, how, &moment_);
  return problem.empty() || Fail("stream " + name + ": " + problem);
}

bool StoryRunner::CheckConsumers(size_t stream) {
  for (const auto& [name, history] : consumers_.of(stream)) {
    if (process_->consumer(stream, name) == nullptr) continue;
    (void)Ended(process_->AwaitConsumer(stream, name),
                "consumer " + name + " was added and never starts");
    if (!well() || !running() || failed()) return well();
  }
  NotePromises();
  const std::string problem =
      consumers_.Difference(process_.get(), stream, StoryConsumers::Times::kExact);
  return problem.empty() || Fail("stream " + setup_.streams[stream].config.name + ": " + problem);
}

// Each one is delivered something once more.
bool StoryRunner::ServeConsumers(size_t stream) {
  for (const auto& [name, history] : consumers_.of(stream)) {
    const ConsumerTwin* const now = consumers_.Now(stream, name);
    if (now == nullptr || !history.runs() || consumers_.IsDamaged(stream, name)) continue;
    StoryStep step;
    step.verb = Verb::kDeliver;
    step.stream = stream;
    step.consumer.name = name;
    if (!ChangeConsumer(step, now->state().delivered.stream + 1)) return false;
  }
  return true;
}

bool StoryRunner::ExpectConsumer(const StoryStep& step) {
  const std::string& name = step.consumer.name;
  if (!IsThere(step.stream)) return well();
  if (!Ended(process_->AwaitConsumers(step.stream), "consumers are never found")) return well();
  const file::FileConsumerStore* store = process_->consumer(step.stream, name);
  if (step.count == 0) return store == nullptr || Fail("consumer " + name + " is there");
  if (store == nullptr) return Fail("consumer " + name + " is not there");
  if (!Ended(process_->AwaitConsumer(step.stream, name), "consumer " + name + " never starts") &&
      (!well() || !running() || failed()))
    return well();
  store = process_->consumer(step.stream, name);
  if (step.has_text) {
    const std::string why = store->Failure().value_or("nothing failed");
    return why.find(step.text) != std::string::npos || Fail("consumer " + name + ": " + why);
  }
  if (store->Failure()) return Fail(*store->Failure());
  const ConsumerState state = store->State();
  for (const StoryNumber& number : step.numbers) {
    const uint64_t is = number.field == "delivered"          ? state.delivered.consumer
                        : number.field == "delivered_stream" ? state.delivered.stream
                        : number.field == "floor"            ? state.ack_floor.consumer
                        : number.field == "floor_stream"     ? state.ack_floor.stream
                        : number.field == "pending"          ? state.pending.size()
                                                             : state.redelivered.size();
    if (is != number.value)
      return Fail("consumer " + name + ": " + number.field + " is " + std::to_string(is) +
                  ", not " + std::to_string(number.value));
  }
  return true;
}

}  // namespace dunlin::sim
