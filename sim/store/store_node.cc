#include "sim/store/store_node.h"

#include <algorithm>

namespace dunlin::sim {
namespace {

// So many turns without anything to do are silence: time passes.
constexpr int kIdleTurns = 8;

}  // namespace

StoreNode::StoreNode(DiskDriver* driver, const StoreNodeOptions& options, const Rng& rng)
    : driver_(driver), storage_(options.storage, &driver->queue(), rng) {
  for (const StoreConfig& config : options.streams)
    streams_.push_back(storage_.AddStream("streams/" + config.name, config));
}

bool StoreNode::Failed() {
  return storage_.state() == Storage::State::kFailed ||
         std::any_of(streams_.begin(), streams_.end(),
                     [&](uint32_t id) { return storage_.stream(id)->Failure().has_value(); });
}

std::string StoreNode::Why() {
  if (const auto why = storage_.Failure()) return "journal: " + *why;
  for (const uint32_t id : streams_) {
    if (const auto why = storage_.stream(id)->Failure()) return *why;
  }
  return "nothing failed";
}

// A deadline that comes before the next completion, or when all has been quiet for a while.
bool StoreNode::TakeDeadline() {
  const Instant deadline = storage_.NextDeadline();
  const Instant due = driver_->NextDue();
  if (deadline >= due || (due == kNever && idle_turns_ < kIdleTurns)) return false;
  driver_->Advance(std::max(deadline - driver_->now().mono, Duration{}));
  storage_.OnDeadline(driver_->now());
  return true;
}

void StoreNode::Turn() {
  bool moved = TakeDeadline();
  if (!moved) {
    if (const auto done = driver_->Step()) {
      moved = true;
      storage_.OnDisk(driver_->now(), *done);
    }
  }
  // As a host, which sleeps until something happens (StoreProcess::Turn()).
  if (!moved && storage_.state() != Storage::State::kRunning) {
    ++idle_turns_;
    return;
  }
  storage_.EndOfStep(driver_->now());
  for (std::string& notice : storage_.TakeNotices()) notices_.push_back(std::move(notice));
  idle_turns_ = moved ? 0 : idle_turns_ + 1;
}

StoreNode::Outcome StoreNode::TurnUntil(Storage::State state, int turns_max) {
  for (int turns = 0; turns < turns_max; ++turns) {
    if (storage_.state() == state) return Failed() ? Outcome::kFailed : Outcome::kDone;
    if (Failed()) return Outcome::kFailed;
    Turn();
  }
  return Outcome::kStuck;
}

StoreNode::Outcome StoreNode::Boot(int turns_max) {
  storage_.Open(driver_->now());
  return TurnUntil(Storage::State::kRunning, turns_max);
}

StoreNode::Outcome StoreNode::Stop(int turns_max) {
  storage_.Stop(driver_->now());
  return TurnUntil(Storage::State::kStopped, turns_max);
}

}  // namespace dunlin::sim
