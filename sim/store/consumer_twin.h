// The dumb twin of a consumer store: what was delivered, and every rule of
// engine/store/consumer_store.h done the plain way, on sorted lists. And what it has been in this
// life of its process, which says what it must be after the next death: at or after the last change
// that was promised, at or before the last one that was asked for.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/consumer_store.h"
#include "sim/store/moment.h"

namespace dunlin::sim {

class ConsumerTwin {
 public:
  explicit ConsumerTwin(ConsumerStoreConfig config) : config_(std::move(config)) {}

  void SetStarting(uint64_t stream_seq);
  void Reset(uint64_t stream_seq);
  void UpdateStarting(uint64_t stream_seq);
  ConsumerError Deliver(uint64_t consumer_seq, uint64_t stream_seq, uint64_t count, WallTime time);
  ConsumerError Ack(uint64_t consumer_seq, uint64_t stream_seq);
  void RemoveRedeliveredBelow(uint64_t stream_seq);
  ConsumerError Update(const ConsumerState& state, bool force);
  void Configure(const ConsumerStoreConfig& config) { config_ = config; }
  // From what was read.
  void Become(ConsumerState state, bool has_state);

  const ConsumerStoreConfig& config() const { return config_; }
  const ConsumerState& state() const { return state_; }
  // Somebody set it, be it to nothing.
  bool has_state() const { return has_state_; }
  // Null: it is not pending.
  const PendingAck* Pending(uint64_t stream_seq) const;
  // How often it was delivered beyond the first time.
  uint64_t Redeliveries(uint64_t stream_seq) const;
  // A floor is no higher than what was delivered, and what is pending lies between them.
  bool CanBe() const;
  // As one that was written to a file and read: times are whole seconds, and how often what lies
  // right at the floor was delivered is not in it (reference: the same). The floor may have moved
  // on since: what is below it does not count either.
  ConsumerTwin Stored() const;
  // As a line for a report.
  std::string Describe() const;
  bool operator==(const ConsumerTwin& other) const;

 private:
  void AckOne(uint64_t consumer_seq, const PendingAck& acked);
  void AckAll(uint64_t consumer_seq, uint64_t stream_seq);

  ConsumerStoreConfig config_;
  ConsumerState state_;
  bool has_state_ = false;
};

class ConsumerHistory {
 public:
  // nullopt: there is no such consumer.
  using State = std::optional<ConsumerTwin>;

  const State& now() const { return now_; }

  void Changed(State after, WritePoint point);
  // It is made; when that is durable is known once it was seen to run.
  void Added(ConsumerTwin made);
  // Then: nothing of before comes back.
  void Runs();
  // Of the last one that was added.
  bool runs() const { return runs_; }

  // Everything up to 'through' was promised; 'survives' says whether a power loss leaves it.
  enum class Survives : uint8_t { kPowerLoss, kKill };
  void Promised(WritePoint through, Survives what);
  // A clean stop promises all there is, but for what was still being made.
  void PromisedAll() { Promised({UINT64_MAX}, Survives::kPowerLoss); }

  // After a death. Empty if 'found' is right; it is then where this goes on from, and '*moment'
  // when it was so.
  [[nodiscard]] std::string TakeRecovered(const State& found, bool lost_power, Moment* moment);
  // When the first of the changes came that it lacks now, if what it has are the ones before that.
  std::optional<WritePoint> FirstLost(const State& found) const;
  // Whatever it is.
  void Restart(State found);

 private:
  struct Step {
    std::optional<WritePoint> point;
    State after;
  };
  const State& Before(size_t step) const { return step == 0 ? start_ : steps_[step - 1].after; }

  State now_;
  State start_;              // Of this life, or the last promise that survives a power loss.
  std::vector<Step> steps_;  // From there on.
  size_t promised_ = 0;      // Of the steps.
  // What it was before each of the last changes of this life that are in start_.
  static constexpr size_t kPastMax = 200;
  std::deque<Step> past_;
  bool runs_ = true;
};

[[nodiscard]] std::string Describe(const ConsumerHistory::State& state);

}  // namespace dunlin::sim
