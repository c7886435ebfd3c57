// The state of a consumer of a stream in memory: engine/store/consumer_store.h over a
// ConsumerLedger, and nothing to keep.
#pragma once

#include "engine/store/consumer_ledger.h"
#include "engine/store/consumer_store.h"

namespace dunlin::memory {

class MemoryConsumerStore final : public ConsumerStore {
 public:
  explicit MemoryConsumerStore(ConsumerStoreConfig config);

  ConsumerResult SetStarting(uint64_t stream_seq) override;
  ConsumerResult Reset(uint64_t stream_seq) override;
  ConsumerResult UpdateStarting(uint64_t stream_seq) override;
  ConsumerResult Delivered(uint64_t consumer_seq, uint64_t stream_seq, uint64_t delivery_count,
                           WallTime time) override;
  ConsumerResult Acked(uint64_t consumer_seq, uint64_t stream_seq) override;
  ConsumerResult RemoveRedeliveredBelow(uint64_t stream_seq) override;
  ConsumerResult UpdateConfig(const ConsumerStoreConfig& config) override;
  ConsumerResult Update(const ConsumerState& state) override;
  ConsumerResult ForceUpdate(const ConsumerState& state) override;

  bool HasState() const override { return ledger_.HasState(); }
  ConsumerState State() const override { return ledger_.State(); }
  std::string EncodedState(WallTime now) const override;
  std::optional<std::string> Failure() const override { return std::nullopt; }

 private:
  ConsumerLedger ledger_;
};

}  // namespace dunlin::memory
