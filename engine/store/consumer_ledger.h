// The arithmetic on a consumer's state: what delivering and acknowledging does to it. One for all
// kinds of consumer stores, which only keep it (engine/store/consumer_store.h says what each call
// means).
//
// O(log pending) a call, but for replacing or copying the state, and for an ack of all up to a
// message, which is in proportion to what it acknowledges.
#pragma once

#include <cstdint>
#include <map>

#include "engine/store/consumer_store.h"

namespace dunlin {

class ConsumerLedger {
 public:
  explicit ConsumerLedger(ConsumerStoreConfig config);

  struct Outcome {
    ConsumerError error = ConsumerError::kNone;
    uint64_t seq = 0;      // kBadPending: of which one.
    bool changed = false;  // There is something to keep, even with an error.
  };

  void SetStarting(uint64_t stream_seq);
  void Reset(uint64_t stream_seq);
  // False: nothing changed.
  bool UpdateStarting(uint64_t stream_seq);
  Outcome Delivered(uint64_t consumer_seq, uint64_t stream_seq, uint64_t delivery_count,
                    WallTime time);
  Outcome Acked(uint64_t consumer_seq, uint64_t stream_seq);
  // False: nothing changed.
  bool RemoveRedeliveredBelow(uint64_t stream_seq);
  void UpdateConfig(ConsumerStoreConfig config) { config_ = std::move(config); }
  enum class Force : uint8_t { kNo, kYes };
  Outcome Update(const ConsumerState& state, Force force);

  // Replaces the state, whatever it is: what was stored once is what there is.
  void Adopt(const ConsumerState& state);

  // Whether the state is one that can be. reference: the checks of Update(), which has no limit.
  [[nodiscard]] static Outcome Validate(const ConsumerState& state);

  bool HasState() const { return delivered_.consumer != 0 || delivered_.stream != 0; }
  ConsumerState State() const;
  const ConsumerStoreConfig& config() const { return config_; }
  size_t pending() const { return pending_.size(); }

 private:
  struct Pending {
    uint64_t consumer_seq;
    WallTime delivered;
  };

  void AckAllUpTo(uint64_t consumer_seq, uint64_t stream_seq);
  void AckOne(uint64_t consumer_seq, uint64_t stream_seq);

  ConsumerStoreConfig config_;
  SequencePair delivered_;
  SequencePair ack_floor_;
  std::map<uint64_t, Pending> pending_;  // By stream sequence.
  std::map<uint64_t, uint64_t> redelivered_;
};

}  // namespace dunlin
