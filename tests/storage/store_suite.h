// One suite of tests for all kinds of stream stores, and what it asks of a kind.
//
// A kind is a StoreWorld: a store with all that it stands on, which can be stopped and started
// again, cut off, and driven through whatever it waits for. Each kind names itself in a test file
// of its own:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, StoreSuite, ::testing::Values(StoreKind{"Memory",
//   &MakeMemory}),
//                            StoreKindName);
//
// The tests themselves (store_suite_*.cc) know nothing of any kind but CountedBytes().
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/store/stream_store.h"

namespace dunlin {

class StoreWorld {
 public:
  virtual ~StoreWorld() = default;

  // Another object after Reopen() and Crash().
  virtual StreamStore& store() = 0;

  // Carries out what the store has asked for (disk, journal) until nothing is under way: what was
  // changed is durable, and what waited can go on. Also after kWait. 'now' is for what it calls.
  virtual void Settle(const Now& now) = 0;

  // Whether the store outlives its process. If not, the next two do nothing.
  virtual bool Durable() const = 0;
  // Stops the store properly and opens it again, with this configuration.
  enum class Indexes : uint8_t { kKept, kDeleted };  // Files that can be made again from others.
  virtual void Reopen(const Now& now, const StoreConfig& config, Indexes indexes) = 0;
  // Cuts the store off between two of its effects, and opens it again. What was not durable may be
  // lost, from the end: the store is as it was after some change since the last Settle().
  virtual void Crash(const Now& now, const StoreConfig& config) = 0;

  // What a message counts for.
  virtual uint64_t CountedBytes(size_t subject, size_t header, size_t payload) const = 0;
};

struct StoreKind {
  const char* name;
  std::unique_ptr<StoreWorld> (*make)(const StoreConfig& config, const Now& now);
};
inline std::string StoreKindName(const ::testing::TestParamInfo<StoreKind>& info) {
  return info.param.name;
}

// For messages of failed tests.
inline void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }
inline std::ostream& operator<<(std::ostream& out, const StreamState& state) {
  return out << state.msgs << " messages, " << state.bytes << " bytes, " << state.first_seq << " ("
             << state.first_time.ns << ") to " << state.last_seq << " (" << state.last_time.ns
             << "), " << state.num_subjects << " subjects, " << state.num_deleted << " deleted";
}
inline void PrintTo(const SimpleState& state, std::ostream* out) {
  *out << state.msgs << " from " << state.first << " to " << state.last;
}

// A message as a test wants it: with its own bytes. 'error' if there is none.
struct GotMsg {
  StoreError error = StoreError::kNone;
  std::string subject, header, payload;
  Seq seq = 0;
  WallTime time;
  Seq skip = 0;  // Of LoadMatch.
  bool operator==(const GotMsg&) const = default;
};

using Filters = std::vector<std::string>;

// A store and a clock, with every call of the port as one line, run to its end.
class StoreDriver {
 public:
  StoreDriver(const StoreKind& kind, StoreConfig config);

  StreamStore& store() { return world_->store(); }
  StoreWorld& world() { return *world_; }
  const Now& now() const { return now_; }
  const StoreConfig& config() const { return config_; }

  // Lets time pass, and the store do what is due then.
  void Advance(Duration time);
  // Only lets time pass.
  void Tick(Duration time);
  // The wall clock jumps; the other one does not.
  void JumpWall(Duration by) { now_.wall = now_.wall + by; }
  void Reopen();
  // Somebody deletes what can be made again, while the store is stopped.
  void ReopenWithoutIndexes();
  void ReopenWith(StoreConfig config);
  void Crash();
  void Settle();
  // With the same or another configuration; the store has done what follows from it.
  StoreResult Update(StoreConfig config);

  StoreResult Put(std::string_view subject, std::string_view payload = "",
                  std::string_view header = "", int64_t ttl = 0);
  StoreResult PutRaw(std::string_view subject, std::string_view payload, Seq seq, WallTime time,
                     std::string_view header = "", int64_t ttl = 0);
  // 'count' messages with this payload, each of which must be taken.
  void PutMany(std::string_view subject, uint64_t count, std::string_view payload = "ok");
  StoreResult Skip(Seq seq, uint64_t count = 1,
                   StreamStore::SkipTime time = StreamStore::SkipTime::kKeep);
  StoreError Remove(Seq seq);
  StoreError Erase(Seq seq);
  void SyncDeleted(const std::vector<SeqRange>& ranges);

  GotMsg Load(Seq seq);
  GotMsg Next(const Filters& filters, Seq from);
  GotMsg Prev(const Filters& filters, Seq from);
  GotMsg Last(const std::string& subject);
  uint64_t Pending(const Filters& filters, Seq from, bool last_per_subject = false);
  SimpleState Filtered(const std::string& filter, Seq from = 1);
  std::vector<SubjectState> Subjects(const std::string& filter);
  SimpleState Subject(const std::string& subject);
  struct Lasts {
    StoreError error = StoreError::kNone;
    std::vector<Seq> seqs;
    bool operator==(const Lasts&) const = default;
  };
  Lasts MultiLasts(const Filters& filters, Seq max = 0, int allowed = 0);
  Seq FromTime(WallTime time);
  uint64_t PurgeAll() { return Purge("", 0, 0); }
  uint64_t Purge(const std::string& filter, Seq below, uint64_t keep);
  uint64_t Compact(Seq seq);
  StoreError Truncate(Seq seq);

  StreamState State() { return store().State(); }
  std::vector<StoreChange> Changes();
  uint64_t Bytes(std::string_view subject, std::string_view payload, std::string_view header = "");
  // Everything that can be seen of the messages, as text: two stores with the same are the same.
  std::string Contents();

 private:
  // What is due already, and what follows from a call.
  void Due();
  template <class Job>
  Progress Finish(Job& job);
  template <class Request>
  Progress Ask(Request& request);
  GotMsg Match(const Filters& filters, Seq from, LoadMatch::Way way);

  Now now_{{Hours(1).ns}, {Seconds(1'700'000'000).ns}};
  StoreConfig config_;
  std::vector<StoreChange> changes_;
  std::unique_ptr<StoreWorld> world_;
};

class StoreSuite : public ::testing::TestWithParam<StoreKind> {
 protected:
  StoreDriver Make(StoreConfig config = {}) {
    if (config.name.empty()) config.name = "zzz";
    return StoreDriver(GetParam(), std::move(config));
  }
};

// The first sequence; a store that never had a message may give 0 or 1, and another one after a
// restart.
inline Seq FirstShown(const StreamState& state) {
  return state.last_seq == 0 ? 1 : state.first_seq;
}

// The messages there are, as 'seq subject'.
std::vector<std::string> Listing(StoreDriver& driver);
// Deleted sequences, one by one.
std::vector<Seq> DeletedSeqs(StoreDriver& driver);

}  // namespace dunlin
