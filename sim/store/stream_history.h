// What a stream has been in this life of its process, and what it must be after the next death: at
// or after the last change that was promised, at or before the last one that was asked for, and
// exactly what it was there.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/write_point.h"
#include "sim/store/stream_twin.h"

namespace dunlin::sim {

class StreamHistory {
 public:
  explicit StreamHistory(const StoreConfig& config) : config_(config) {}

  const StoreConfig& config() const { return config_; }
  const StreamTwin& now() const { return now_; }
  // Keeps the message for as long as this lives.
  const TwinMsg* Keep(TwinMsg msg);
  const std::deque<TwinMsg>& kept() const { return kept_; }

  // --- A change: do it to a copy of now(), then say what came of it and when that is durable.
  // nullopt: when the next one is (what a store does by itself has no point).
  void Changed(StreamTwin after, std::optional<WritePoint> point);
  // One that a store does bit by bit, before the next one: until that is durable, any part of what
  // it removes may be gone.
  void ChangedBitByBit(StreamTwin after);
  // One that takes its time; nobody knows when it is durable before JobDone().
  void JobBegins(StreamTwin after);
  void JobDone(WritePoint point);
  void JobRefused();
  void Configured(const StoreConfig& config) { config_ = config; }
  // After a death: an earlier configuration is in force again. What went by limits that there never
  // were may be there, if nothing came behind.
  void Reverted(const StoreConfig& config) {
    if (!reverted_) reverted_ = config_;
    config_ = config;
  }

  // Everything up to 'through' was promised; 'survives' says whether a power loss leaves it.
  enum class Survives : uint8_t { kPowerLoss, kKill };
  void Promised(WritePoint through, Survives what);
  // A clean stop promises all there is.
  void PromisedAll() { Promised({UINT64_MAX - 1}, Survives::kPowerLoss); }

  // --- After a death. Empty if 'found' is right at 'now'; it is then where this goes on from.
  [[nodiscard]] std::string TakeRecovered(const StreamTwin& found, WallTime now, bool lost_power);
  // What must be there whichever of its states it is found in, and whatever limits and time have
  // taken by then.
  [[nodiscard]] std::vector<StreamTwin::Entry> Certain(bool lost_power, WallTime now) const;
  // Whether it has messages that none of its states had.
  [[nodiscard]] bool HasMore(const StreamTwin& found, bool lost_power) const;
  // Whatever it is: after damage, or a store that lives in memory.
  void Restart(const StreamTwin& found);

  // "7 is 'a' 'x', not gone".
  [[nodiscard]] static std::string FirstDifference(const StreamTwin& found,
                                                   const StreamTwin& wanted);

 private:
  struct Step {
    std::optional<WritePoint> point;
    StreamTwin after;
    bool bit_by_bit = false;
  };
  const StreamTwin& Before(size_t step) const {
    return step == 0 ? start_ : steps_[step - 1].after;
  }
  void Reaches(WritePoint point);
  bool OthersAreDue(const StreamTwin& found, const StreamTwin& wanted, WallTime now) const;
  bool IsKept(const TwinMsg& found) const;
  bool IsLike(const StreamTwin& found, const StreamTwin& wanted, WallTime now) const;
  StreamTwin Aged(StreamTwin wanted, const StreamTwin& found, WallTime now) const;
  bool IsOnTheWay(const StreamTwin& found, const StreamTwin& before, const StreamTwin& after,
                  WallTime now) const;
  bool IsWithin(const StreamTwin& found, const StreamTwin& before, const StreamTwin& after,
                WallTime now) const;

  StoreConfig config_;
  std::deque<TwinMsg> kept_;
  StreamTwin now_;
  StreamTwin start_;         // Of this life, or the last promise that survives a power loss.
  std::vector<Step> steps_;  // From there on.
  size_t promised_ = 0;      // Of the steps.
  bool in_job_ = false;      // The last step is one that is not done.
  std::optional<StoreConfig> reverted_;  // What was the configuration, and is not any more.
};

}  // namespace dunlin::sim
