#include "storage/memory/memory_consumer_store.h"

#include <utility>

#include "engine/base/check.h"
#include "storage/format/consumer_state.h"

namespace dunlin::memory {
namespace {

ConsumerResult ResultOf(const ConsumerLedger::Outcome& outcome) {
  ConsumerResult result;
  result.error = outcome.error;
  result.seq = outcome.seq;
  return result;
}

}  // namespace

MemoryConsumerStore::MemoryConsumerStore(ConsumerStoreConfig config) : ledger_(std::move(config)) {}

ConsumerResult MemoryConsumerStore::SetStarting(uint64_t stream_seq) {
  ledger_.SetStarting(stream_seq);
  return {};
}

ConsumerResult MemoryConsumerStore::Reset(uint64_t stream_seq) {
  ledger_.Reset(stream_seq);
  return {};
}

ConsumerResult MemoryConsumerStore::UpdateStarting(uint64_t stream_seq) {
  ledger_.UpdateStarting(stream_seq);
  return {};
}

ConsumerResult MemoryConsumerStore::Delivered(uint64_t consumer_seq, uint64_t stream_seq,
                                              uint64_t delivery_count, WallTime time) {
  return ResultOf(ledger_.Delivered(consumer_seq, stream_seq, delivery_count, time));
}

ConsumerResult MemoryConsumerStore::Acked(uint64_t consumer_seq, uint64_t stream_seq) {
  return ResultOf(ledger_.Acked(consumer_seq, stream_seq));
}

ConsumerResult MemoryConsumerStore::RemoveRedeliveredBelow(uint64_t stream_seq) {
  ledger_.RemoveRedeliveredBelow(stream_seq);
  return {};
}

ConsumerResult MemoryConsumerStore::UpdateConfig(const ConsumerStoreConfig& config) {
  CHECK(config.ack_policy == ledger_.config().ack_policy);
  ledger_.UpdateConfig(config);
  return {};
}

ConsumerResult MemoryConsumerStore::Update(const ConsumerState& state) {
  return ResultOf(ledger_.Update(state, ConsumerLedger::Force::kNo));
}

ConsumerResult MemoryConsumerStore::ForceUpdate(const ConsumerState& state) {
  return ResultOf(ledger_.Update(state, ConsumerLedger::Force::kYes));
}

std::string MemoryConsumerStore::EncodedState(WallTime now) const {
  return format::EncodeConsumerState(ledger_.State(), now);
}

}  // namespace dunlin::memory
