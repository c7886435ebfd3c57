#include "sim/store/consumer_twin.h"

#include <algorithm>
#include <utility>

#include "sim/store/story_words.h"

namespace dunlin::sim {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

template <class Entry>
auto Place(std::vector<Entry>& entries, uint64_t stream_seq) {
  return std::find_if(entries.begin(), entries.end(),
                      [&](const Entry& entry) { return entry.stream_seq >= stream_seq; });
}

template <class Entry>
Entry* Find(std::vector<Entry>& entries, uint64_t stream_seq) {
  const auto at = Place(entries, stream_seq);
  return at != entries.end() && at->stream_seq == stream_seq ? &*at : nullptr;
}

std::string Text(const SequencePair& pair) {
  return std::to_string(pair.consumer) + "/" + std::to_string(pair.stream);
}

}  // namespace

void ConsumerTwin::SetStarting(uint64_t stream_seq) {
  state_.delivered.stream = state_.ack_floor.stream = stream_seq;
  has_state_ = true;
}

void ConsumerTwin::Reset(uint64_t stream_seq) {
  state_ = {};
  SetStarting(stream_seq);
}

void ConsumerTwin::UpdateStarting(uint64_t stream_seq) {
  if (stream_seq <= state_.delivered.stream) return;
  state_.delivered.stream = stream_seq;
  if (config_.ack_policy == AckPolicy::kNone) state_.ack_floor.stream = stream_seq;
  has_state_ = true;
}

ConsumerError ConsumerTwin::Deliver(uint64_t consumer_seq, uint64_t stream_seq, uint64_t count,
                                    WallTime time) {
  const bool no_acks = config_.ack_policy == AckPolicy::kNone;
  if (no_acks && count != 1) return ConsumerError::kNoAckPolicy;
  if (consumer_seq <= state_.ack_floor.consumer) return ConsumerError::kNone;  // Known already.
  has_state_ = true;
  const bool again = stream_seq <= state_.delivered.stream;
  state_.delivered.consumer = std::max(state_.delivered.consumer, consumer_seq);
  state_.delivered.stream = std::max(state_.delivered.stream, stream_seq);
  if (no_acks) {
    state_.ack_floor = state_.delivered;
    return ConsumerError::kNone;
  }
  PendingAck* const pending = Find(state_.pending, stream_seq);
  if (pending != nullptr) {
    pending->delivered = time;
  } else if (!again) {
    state_.pending.push_back({stream_seq, consumer_seq, time});
  }
  if (count < 2) return ConsumerError::kNone;
  if (config_.max_deliver > 0 && count > static_cast<uint64_t>(config_.max_deliver)) {
    std::erase_if(state_.pending, [&](const PendingAck& p) { return p.stream_seq == stream_seq; });
  }
  if (Redelivered* const known = Find(state_.redelivered, stream_seq)) {
    known->count = std::max(known->count, count - 1);
  } else {
    state_.redelivered.insert(Place(state_.redelivered, stream_seq), {stream_seq, count - 1});
  }
  return ConsumerError::kNone;
}

ConsumerError ConsumerTwin::Ack(uint64_t consumer_seq, uint64_t stream_seq) {
  if (config_.ack_policy == AckPolicy::kNone) return ConsumerError::kNoAckPolicy;
  if (std::erase_if(state_.redelivered,
                    [&](const Redelivered& r) { return r.stream_seq == stream_seq; }) > 0) {
    has_state_ = true;
  }
  if (consumer_seq <= state_.ack_floor.consumer) return ConsumerError::kNone;
  const PendingAck* const pending = Pending(stream_seq);
  if (pending == nullptr) return ConsumerError::kNotPending;
  has_state_ = true;
  if (config_.ack_policy == AckPolicy::kExplicit) {
    AckOne(consumer_seq, *pending);
  } else {
    AckAll(consumer_seq, stream_seq);
  }
  return ConsumerError::kNone;
}

void ConsumerTwin::AckOne(uint64_t consumer_seq, const PendingAck& acked) {
  // That of its first delivery counts.
  const uint64_t first =
      acked.consumer_seq == 0 ? consumer_seq : std::min(consumer_seq, acked.consumer_seq);
  const uint64_t stream_seq = acked.stream_seq;
  std::erase_if(state_.pending, [&](const PendingAck& p) { return p.stream_seq == stream_seq; });
  if (state_.pending.empty()) state_.ack_floor = state_.delivered;
  if (state_.pending.empty() || first != state_.ack_floor.consumer + 1) return;
  state_.ack_floor = {first, stream_seq};
  // Up to just before the next one that is pending.
  const auto next = Place(state_.pending, stream_seq + 1);
  if (next == state_.pending.end() || next->consumer_seq == 0) return;
  if (first < state_.delivered.consumer && next->stream_seq <= state_.delivered.stream)
    state_.ack_floor = {next->consumer_seq - 1, next->stream_seq - 1};
}

void ConsumerTwin::AckAll(uint64_t consumer_seq, uint64_t stream_seq) {
  const uint64_t from = state_.ack_floor.stream;
  state_.ack_floor = {consumer_seq, stream_seq};
  std::erase_if(state_.pending, [&](const PendingAck& p) { return p.stream_seq <= stream_seq; });
  std::erase_if(state_.redelivered, [&](const Redelivered& r) {
    return r.stream_seq > from && r.stream_seq <= stream_seq;
  });
}

void ConsumerTwin::RemoveRedeliveredBelow(uint64_t stream_seq) {
  if (std::erase_if(state_.redelivered,
                    [&](const Redelivered& r) { return r.stream_seq < stream_seq; }) > 0)
    has_state_ = true;
}

ConsumerError ConsumerTwin::Update(const ConsumerState& state, bool force) {
  if (state.ack_floor.consumer > state.delivered.consumer) return ConsumerError::kBadConsumerFloor;
  if (state.ack_floor.stream > state.delivered.stream) return ConsumerError::kBadStreamFloor;
  for (const PendingAck& pending : state.pending) {
    if (pending.stream_seq <= state.ack_floor.stream || pending.stream_seq > state.delivered.stream)
      return ConsumerError::kBadPending;
  }
  const bool older = state.delivered.consumer < state_.delivered.consumer ||
                     state.ack_floor.stream < state_.ack_floor.stream;
  if (older && !force) return ConsumerError::kOldUpdate;
  Become(state, true);
  return ConsumerError::kNone;
}

void ConsumerTwin::Become(ConsumerState state, bool has_state) {
  state_ = std::move(state);
  has_state_ = has_state;
}

const PendingAck* ConsumerTwin::Pending(uint64_t stream_seq) const {
  for (const PendingAck& pending : state_.pending) {
    if (pending.stream_seq == stream_seq) return &pending;
  }
  return nullptr;
}

uint64_t ConsumerTwin::Redeliveries(uint64_t stream_seq) const {
  for (const Redelivered& redelivered : state_.redelivered) {
    if (redelivered.stream_seq == stream_seq) return redelivered.count;
  }
  return 0;
}

bool ConsumerTwin::CanBe() const {
  return state_.ack_floor.consumer <= state_.delivered.consumer &&
         state_.ack_floor.stream <= state_.delivered.stream &&
         std::all_of(state_.pending.begin(), state_.pending.end(), [&](const PendingAck& p) {
           return p.stream_seq > state_.ack_floor.stream && p.stream_seq <= state_.delivered.stream;
         });
}

ConsumerTwin ConsumerTwin::Stored() const {
  ConsumerTwin stored = *this;
  for (PendingAck& pending : stored.state_.pending)
    pending.delivered.ns -= pending.delivered.ns % kSecond;
  std::erase_if(stored.state_.redelivered, [&](const Redelivered& redelivered) {
    return redelivered.stream_seq <= state_.ack_floor.stream;
  });
  return stored;
}

std::string ConsumerTwin::Describe() const {
  std::string text = "delivered " + Text(state_.delivered) + ", floor " + Text(state_.ack_floor);
  if (!state_.pending.empty()) text += ", pending";
  for (const PendingAck& pending : state_.pending)
    text += " " + Text(SequencePair{pending.consumer_seq, pending.stream_seq});
  if (!state_.redelivered.empty()) text += ", redelivered";
  for (const Redelivered& one : state_.redelivered)
    text += " " + std::to_string(one.stream_seq) + " x" + std::to_string(one.count);
  text += std::string(", acks ") + AckPolicyWord(config_.ack_policy);
  if (config_.max_deliver > 0) text += ", at most " + std::to_string(config_.max_deliver);
  return text + (has_state_ ? "" : ", no state");
}

bool ConsumerTwin::operator==(const ConsumerTwin& other) const {
  return state_ == other.state_ && has_state_ == other.has_state_ &&
         config_.name == other.config_.name && config_.ack_policy == other.config_.ack_policy &&
         config_.max_deliver == other.config_.max_deliver;
}

std::string Describe(const ConsumerHistory::State& state) {
  return state ? state->Describe() : "nothing";
}

// --- What it has been.

void ConsumerHistory::Changed(State after, WritePoint point) {
  now_ = after;
  steps_.push_back({point, std::move(after)});
}

void ConsumerHistory::Added(ConsumerTwin made) {
  now_ = made;
  steps_.push_back({std::nullopt, std::move(made)});
  runs_ = false;
}

// Its files are synced; those of one of this name that was deleted before are gone.
void ConsumerHistory::Runs() {
  runs_ = true;
  while (!steps_.empty()) {
    const bool made = !steps_.front().point;
    start_ = std::move(steps_.front().after);
    steps_.erase(steps_.begin());
    promised_ -= promised_ > 0 ? 1 : 0;
    if (made) break;
  }
}

void ConsumerHistory::Promised(WritePoint through, Survives what) {
  size_t steps = 0;
  while (steps < steps_.size() && steps_[steps].point && *steps_[steps].point <= through) ++steps;
  promised_ = std::max(promised_, steps);
  if (what == Survives::kKill || steps == 0) return;
  for (size_t i = 0; i < steps; ++i) past_.push_back({steps_[i].point, Before(i)});
  while (past_.size() > kPastMax) past_.pop_front();
  start_ = std::move(steps_[steps - 1].after);
  steps_.erase(steps_.begin(), steps_.begin() + static_cast<ptrdiff_t>(steps));
  promised_ -= steps;
}

void ConsumerHistory::Restart(State found) {
  now_ = start_ = std::move(found);
  steps_.clear();
  past_.clear();
  promised_ = 0;
  runs_ = true;
}

std::optional<WritePoint> ConsumerHistory::FirstLost(const State& found) const {
  std::optional<WritePoint> lost;
  const auto is_like = [&](const State& was) {
    return found && was ? found->Stored() == was->Stored() : !found && !was;
  };
  for (const Step& step : past_) {
    if (step.point && is_like(step.after)) lost = step.point;
  }
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].point && is_like(Before(i))) lost = steps_[i].point;
  }
  return lost;
}

std::string ConsumerHistory::TakeRecovered(const State& found, bool lost_power, Moment* moment) {
  const auto is_like = [&](const State& wanted) {
    if (!found || !wanted) return !found && !wanted;
    return found->Stored() == wanted->Stored();
  };
  const size_t earliest = lost_power ? 0 : promised_;
  const std::string promised = sim::Describe(Before(earliest));
  for (size_t i = earliest; i <= steps_.size(); ++i) {
    if (!is_like(Before(i))) continue;
    // It may have been so more than once.
    size_t latest = steps_.size();
    while (!is_like(Before(latest))) --latest;
    for (size_t step = 0; step < i; ++step) moment->Has(steps_[step].point.value_or(WritePoint{}));
    for (size_t step = latest; step < steps_.size(); ++step)
      moment->HasNot(steps_[step].point.value_or(WritePoint{}));
    Restart(found);
    return "";
  }
  std::string problem = "has " + sim::Describe(found) + "; promised: " + promised +
                        "; asked for: " + sim::Describe(Before(steps_.size()));
  for (size_t i = 0; i < earliest; ++i) {
    if (is_like(Before(i))) return problem + ": what was promised is lost";
  }
  return problem + ": never was like that";
}

}  // namespace dunlin::sim
