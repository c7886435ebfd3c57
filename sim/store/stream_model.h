// What a stream must hold, as a plain map, and where it must be after a death: at or after the last
// change that was promised, at or before the last one that was asked for, and exactly there.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/stream_store.h"
#include "engine/store/write_point.h"

namespace dunlin::sim {

struct StreamContents {
  struct Message {
    std::string subject;
    std::string payload;
    bool operator==(const Message&) const = default;
  };
  std::map<Seq, Message> messages;
  Seq first = 1;  // One past 'last' if there are none.
  Seq last = 0;
  bool operator==(const StreamContents&) const = default;
};
// "4 messages, 3 to 9" for a report.
[[nodiscard]] std::string Describe(const StreamContents& contents);

// Of two contents that differ: "7 is 'a' 'x', not gone".
[[nodiscard]] std::string FirstDifference(const StreamContents& found,
                                          const StreamContents& wanted);

class StreamModel {
 public:
  struct Limits {
    int64_t max_msgs = -1;
    int64_t max_msgs_per_subject = -1;
  };
  explicit StreamModel(const Limits& limits) : limits_(limits) {}

  // Changes, as they were decided; durable at 'point'.
  void Store(WritePoint point, std::string_view subject, std::string_view payload);
  void Skip(WritePoint point, uint64_t count);
  void Remove(WritePoint point, Seq seq);
  // Jobs, which take their time: nobody knows when they are durable before JobDone(). 'subject'
  // empty: all. 'below' 0: no bound.
  void Purge(std::string_view subject, Seq below, uint64_t keep);
  void Compact(Seq seq);
  void Truncate(Seq seq);
  void JobDone(WritePoint point) { steps_.back().point = point; }

  const StreamContents& now() const { return now_; }
  // Everything up to 'through' was promised, to survive what 'synced' says.
  void Promised(WritePoint through, bool survives_power_loss);

  // After a death. Empty if these contents are right; they are then where the model goes on from.
  [[nodiscard]] std::string TakeRecovered(const StreamContents& found, bool lost_power);

  size_t undecided() const { return steps_.size(); }

 private:
  struct Step {
    WritePoint point;
    StreamContents after;
  };
  static constexpr WritePoint kUndecided{UINT64_MAX};
  void Changed(WritePoint point);
  const StreamContents& Before(size_t step) const {
    return step == 0 ? start_ : steps_[step - 1].after;
  }
  void Restart(const StreamContents& found);
  void Enforce();
  void Drop(std::map<Seq, StreamContents::Message>::iterator message);

  const Limits limits_;
  StreamContents now_;
  StreamContents start_;     // Of this life.
  std::vector<Step> steps_;  // Of this life, from the last one that survives a power loss on.
  bool start_survives_ = true;
  size_t promised_ = 0;  // Steps.
};

}  // namespace dunlin::sim
