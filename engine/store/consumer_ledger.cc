#include "engine/store/consumer_ledger.h"

#include <algorithm>
#include <utility>

namespace dunlin {

ConsumerLedger::ConsumerLedger(ConsumerStoreConfig config) : config_(std::move(config)) {}

void ConsumerLedger::SetStarting(uint64_t stream_seq) {
  delivered_.stream = ack_floor_.stream = std::min(stream_seq, kConsumerStreamSeqMax);
}

void ConsumerLedger::Reset(uint64_t stream_seq) {
  delivered_ = ack_floor_ = {};
  pending_.clear();
  redelivered_.clear();
  SetStarting(stream_seq);
}

bool ConsumerLedger::UpdateStarting(uint64_t stream_seq) {
  stream_seq = std::min(stream_seq, kConsumerStreamSeqMax);
  if (stream_seq <= delivered_.stream) return false;
  delivered_.stream = stream_seq;
  if (config_.ack_policy == AckPolicy::kNone) ack_floor_.stream = stream_seq;
  return true;
}

ConsumerLedger::Outcome ConsumerLedger::Delivered(uint64_t consumer_seq, uint64_t stream_seq,
                                                  uint64_t delivery_count, WallTime time) {
  if (config_.ack_policy == AckPolicy::kNone && delivery_count != 1) {
    return {.error = ConsumerError::kNoAckPolicy};
  }
  // An old record, replayed.
  if (consumer_seq <= ack_floor_.consumer) return {};

  if (config_.ack_policy == AckPolicy::kNone) {
    if (consumer_seq > delivered_.consumer) {
      delivered_.consumer = ack_floor_.consumer = consumer_seq;
    }
    if (stream_seq > delivered_.stream) delivered_.stream = ack_floor_.stream = stream_seq;
    return {.changed = true};
  }

  if (stream_seq > delivered_.stream) {
    pending_[stream_seq] = {consumer_seq, time};
  } else if (const auto found = pending_.find(stream_seq); found != pending_.end()) {
    // The consumer sequence stays that of the first delivery.
    found->second.delivered = time;
  }
  delivered_.consumer = std::max(delivered_.consumer, consumer_seq);
  delivered_.stream = std::max(delivered_.stream, stream_seq);
  if (delivery_count > 1) {
    if (config_.max_deliver > 0 && delivery_count > static_cast<uint64_t>(config_.max_deliver)) {
      pending_.erase(stream_seq);
    }
    uint64_t& count = redelivered_[stream_seq];
    count = std::max(count, delivery_count - 1);
  }
  return {.changed = true};
}

ConsumerLedger::Outcome ConsumerLedger::Acked(uint64_t consumer_seq, uint64_t stream_seq) {
  if (config_.ack_policy == AckPolicy::kNone) return {.error = ConsumerError::kNoAckPolicy};
  const bool changed = redelivered_.erase(stream_seq) != 0;
  // An old record, replayed.
  if (consumer_seq <= ack_floor_.consumer) return {.changed = changed};
  if (!pending_.contains(stream_seq)) {
    return {.error = ConsumerError::kNotPending, .changed = changed};
  }
  if (config_.ack_policy == AckPolicy::kExplicit) {
    AckOne(consumer_seq, stream_seq);
  } else {
    AckAllUpTo(consumer_seq, stream_seq);
  }
  return {.changed = true};
}

void ConsumerLedger::AckAllUpTo(uint64_t consumer_seq, uint64_t stream_seq) {
  const uint64_t from = ack_floor_.stream;
  ack_floor_ = {consumer_seq, stream_seq};
  pending_.erase(pending_.begin(), pending_.upper_bound(stream_seq));
  if (from < stream_seq) {
    redelivered_.erase(redelivered_.upper_bound(from), redelivered_.upper_bound(stream_seq));
  }
}

void ConsumerLedger::AckOne(uint64_t consumer_seq, uint64_t stream_seq) {
  const auto found = pending_.find(stream_seq);
  // Of a redelivery: the sequence that the floor goes by is the first delivery's.
  if (found->second.consumer_seq > 0) {
    consumer_seq = std::min(consumer_seq, found->second.consumer_seq);
  }
  pending_.erase(found);
  if (pending_.empty()) {
    ack_floor_ = delivered_;
    return;
  }
  if (consumer_seq != ack_floor_.consumer + 1) return;
  ack_floor_ = {consumer_seq, stream_seq};
  if (delivered_.consumer <= consumer_seq) return;
  // Up to the next one that is pending, everything is acknowledged already.
  const auto next = pending_.upper_bound(stream_seq);
  if (next != pending_.end() && next->first <= delivered_.stream && next->second.consumer_seq > 0) {
    ack_floor_ = {next->second.consumer_seq - 1, next->first - 1};
  }
}

bool ConsumerLedger::RemoveRedeliveredBelow(uint64_t stream_seq) {
  const auto end = redelivered_.lower_bound(std::min(stream_seq, kConsumerStreamSeqMax));
  if (end == redelivered_.begin()) return false;
  redelivered_.erase(redelivered_.begin(), end);
  return true;
}

ConsumerLedger::Outcome ConsumerLedger::Validate(const ConsumerState& state) {
  if (state.ack_floor.consumer > state.delivered.consumer) {
    return {.error = ConsumerError::kBadConsumerFloor};
  }
  if (state.ack_floor.stream > state.delivered.stream ||
      state.delivered.stream > kConsumerStreamSeqMax) {
    return {.error = ConsumerError::kBadStreamFloor};
  }
  for (const PendingAck& pending : state.pending) {
    if (pending.stream_seq <= state.ack_floor.stream ||
        pending.stream_seq > state.delivered.stream) {
      return {.error = ConsumerError::kBadPending, .seq = pending.stream_seq};
    }
  }
  return {};
}

ConsumerLedger::Outcome ConsumerLedger::Update(const ConsumerState& state, Force force) {
  if (const Outcome bad = Validate(state); bad.error != ConsumerError::kNone) return bad;
  if (force == Force::kNo && (state.delivered.consumer < delivered_.consumer ||
                              state.ack_floor.stream < ack_floor_.stream)) {
    return {.error = ConsumerError::kOldUpdate};
  }
  Adopt(state);
  return {.changed = true};
}

void ConsumerLedger::Adopt(const ConsumerState& state) {
  delivered_ = state.delivered;
  ack_floor_ = state.ack_floor;
  pending_.clear();
  for (const PendingAck& pending : state.pending) {
    pending_[pending.stream_seq] = {pending.consumer_seq, pending.delivered};
  }
  redelivered_.clear();
  for (const Redelivered& redelivered : state.redelivered) {
    redelivered_[redelivered.stream_seq] = redelivered.count;
  }
}

ConsumerState ConsumerLedger::State() const {
  ConsumerState state;
  state.delivered = delivered_;
  state.ack_floor = ack_floor_;
  state.pending.reserve(pending_.size());
  for (const auto& [seq, pending] : pending_) {
    state.pending.push_back({seq, pending.consumer_seq, pending.delivered});
  }
  state.redelivered.reserve(redelivered_.size());
  for (const auto& [seq, count] : redelivered_) state.redelivered.push_back({seq, count});
  return state;
}

}  // namespace dunlin
