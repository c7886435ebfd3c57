#include "tests/host/kill/consumer_script.h"

#include <iterator>

#include "engine/base/check.h"

namespace dunlin::kill {

ConsumerScript::Op ConsumerScript::Next() const {
  Rng rng = rng_.Fork("op", count_ + 1);
  Op op;
  // Whole seconds, as a state in o.dat has them.
  op.time = {static_cast<int64_t>(1'700'000'000 + count_) * 1'000'000'000};
  const bool is_new = pending_.empty() || (pending_.size() < kPendingMax && rng.Chance(1, 2));
  if (is_new) {
    op.consumer_seq = consumer_seq_ + 1;
    op.stream_seq = stream_seq_ + 1;
    op.deliveries = 1;
    return op;
  }
  // Mostly one of the first, so that the floor moves.
  const uint64_t most = rng.Chance(1, 8) ? pending_.size() : std::min<size_t>(pending_.size(), 6);
  const auto& [seq, pending] = *std::next(pending_.begin(), static_cast<long>(rng.Below(most)));
  op.stream_seq = seq;
  op.is_ack = rng.Chance(4, 5) && (policy_ != AckPolicy::kAll || pending.consumer_seq > floor_);
  op.consumer_seq = op.is_ack ? pending.consumer_seq : consumer_seq_ + 1;
  op.deliveries = pending.deliveries + 1;
  return op;
}

void ConsumerScript::Done(const Op& op) {
  ++count_;
  if (op.is_ack) {
    CHECK(ledger_.Acked(op.consumer_seq, op.stream_seq).error == ConsumerError::kNone);
    const bool is_explicit = policy_ == AckPolicy::kExplicit;
    floor_ = op.consumer_seq;
    pending_.erase(is_explicit ? pending_.find(op.stream_seq) : pending_.begin(),
                   pending_.upper_bound(op.stream_seq));
    return;
  }
  CHECK(ledger_.Delivered(op.consumer_seq, op.stream_seq, op.deliveries, op.time).error ==
        ConsumerError::kNone);
  consumer_seq_ = op.consumer_seq;
  stream_seq_ = std::max(stream_seq_, op.stream_seq);
  if (policy_ != AckPolicy::kNone) pending_[op.stream_seq] = {op.consumer_seq, op.deliveries};
}

bool ConsumerScript::GoTo(const ConsumerState& state) {
  while (true) {
    const bool may_be =
        consumer_seq_ == state.delivered.consumer && pending_.size() == state.pending.size();
    if (may_be && ledger_.State() == state) return true;
    if (consumer_seq_ > state.delivered.consumer) return false;
    Done(Next());
  }
}

}  // namespace dunlin::kill
