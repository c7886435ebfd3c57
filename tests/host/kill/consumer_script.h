// What is done to one consumer of a stream under load: deliveries, deliveries again, and
// acknowledgements, the n-th of which follows from a seed. So its state says how many were done.
#pragma once

#include <cstdint>
#include <map>

#include "engine/base/rng.h"
#include "engine/store/consumer_ledger.h"

namespace dunlin::kill {

class ConsumerScript {
 public:
  ConsumerScript(uint64_t seed, const ConsumerStoreConfig& config)
      : rng_(seed), ledger_(config), policy_(config.ack_policy) {}

  struct Op {
    bool is_ack = false;
    uint64_t consumer_seq = 0, stream_seq = 0, deliveries = 0;
    WallTime time;
  };
  // The next one: the same until it is Done().
  Op Next() const;
  void Done(const Op& op);

  // How many were done.
  uint64_t count() const { return count_; }
  // Goes on to where the state is this one. False: it never is.
  [[nodiscard]] bool GoTo(const ConsumerState& state);

 private:
  static constexpr size_t kPendingMax = 48;
  struct Pending {
    uint64_t consumer_seq = 0, deliveries = 0;
  };

  const Rng rng_;
  ConsumerLedger ledger_;
  const AckPolicy policy_;
  // With AckPolicy::kAll an ack of what was delivered up to it is an old one, and changes nothing.
  uint64_t floor_ = 0;
  uint64_t count_ = 0;
  uint64_t consumer_seq_ = 0, stream_seq_ = 0;
  std::map<uint64_t, Pending> pending_;  // By stream sequence.
};

}  // namespace dunlin::kill
