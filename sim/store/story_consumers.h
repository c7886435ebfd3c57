// The consumers of all streams of a story: what each of them has been, and what of that is
// promised.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/store/consumer_twin.h"
#include "sim/store/store_process.h"

namespace dunlin::sim {

class StoryConsumers {
 public:
  explicit StoryConsumers(const StorySetup& setup) : streams_(setup.streams.size()) {
    for (const StoryStream& stream : setup.streams) names_.push_back(stream.config.name);
  }

  // Of all that a step ever spoke of; in order.
  using Histories = std::map<std::string, ConsumerHistory>;
  const Histories& of(size_t stream) const { return streams_[stream]; }
  ConsumerHistory& Get(size_t stream, const std::string& name) { return streams_[stream][name]; }
  // Null: there is none now.
  const ConsumerTwin* Now(size_t stream, const std::string& name) const;

  // The stream was deleted, and all of them with it.
  void StreamDropped(size_t stream, WritePoint point);
  // As StoryRunner::NotePromises().
  void NotePromises(StoreProcess* process, WritePoint synced, WritePoint through);
  void PromisedAll();
  // All files are gone; or those of a stream.
  void Wiped();
  void StreamGone(size_t stream);

  // A file, which may be one of theirs, was damaged: its consumer may fail, and what it has is
  // anybody's guess, once somebody said so.
  void Damaged(std::string_view path);
  bool IsDamaged(size_t stream, const std::string& name) const {
    return damaged_.contains({stream, name});
  }
  // Before it boots.
  void Excuse(StoreProcess* process) const;

  // After a death: each one is what it was at some time that may be: '*moment'. Empty: it is.
  enum class Strict : uint8_t {
    kYes,
    kNo,       // Damage may have taken anything.
    kJournal,  // Likewise, of the journal: it is said, or lay at the journal's end.
  };
  struct Found {
    bool lost_power = false;
    Strict strict = Strict::kYes;
    // What was said since the last recovery.
    std::vector<std::string> notices;
    // Up to where somebody must say what damage took. 0: nobody knows.
    uint64_t told_below = 0;
  };
  [[nodiscard]] std::string TakeRecovered(StoreProcess* process, size_t stream, const Found& how,
                                          Moment* moment);
  // Each one is exactly what it is now. Empty: it is.
  enum class Times : uint8_t {
    kExact,
    kStored,  // Whole seconds.
  };
  [[nodiscard]] std::string Difference(StoreProcess* process, size_t stream, Times times) const;
  // What may lie in the stream's folder because of them after a clean stop.
  [[nodiscard]] std::vector<std::string> Files(StoreProcess* process, size_t stream) const;

 private:
  std::vector<std::string> names_;  // Of the streams.
  std::vector<Histories> streams_;
  std::set<std::pair<size_t, std::string>> damaged_;
};

// What the store has; nullopt: there is none.
[[nodiscard]] ConsumerHistory::State ReadConsumer(const file::FileConsumerStore* store);

}  // namespace dunlin::sim
