// The dumb twin of a stream store: a sorted list of messages, and every rule and question of
// engine/store/stream_store.h done the slow, plain way. Cheap to copy: messages are shared.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/stream_store.h"

namespace dunlin::sim {

struct TwinMsg {
  std::string subject, header, payload;
  WallTime time;
  int64_t ttl = 0;
  uint64_t bytes = 0;
};

class StreamTwin {
 public:
  // Of a stream that was just made.
  static StreamTwin Empty(const StoreConfig& config);

  struct Entry {
    Seq seq = 0;
    const TwinMsg* msg = nullptr;
  };
  using Filters = std::vector<std::string>;

  // Changes. Rules are those of the config at the time of the call; 'msg' outlives all copies.
  [[nodiscard]] StoreError Store(const StoreConfig& config, const TwinMsg* msg);
  void Skip(uint64_t count, WallTime now, bool advance);
  [[nodiscard]] StoreError Remove(Seq seq);
  void RemoveRange(const SeqRange& range);
  // What a change of limits does, and (in another order) a store when it opens.
  void Enforce(const StoreConfig& config);
  void EnforceAtStart(const StoreConfig& config);
  uint64_t Purge(const std::string& filter, Seq below, uint64_t keep);
  uint64_t Compact(Seq seq);
  [[nodiscard]] StoreError Truncate(Seq seq);

  // When the message goes by itself; {0}: never.
  static WallTime Due(const StoreConfig& config, const TwinMsg& msg);

  // Questions.
  const TwinMsg* Find(Seq seq) const;
  // Why there is none: kNotFound, kDeleted, kEof.
  StoreError WhyMissing(Seq seq) const;
  // 0: none.
  Seq Next(const Filters& filters, Seq from) const;
  Seq Prev(const Filters& filters, Seq from) const;
  SimpleState Count(const Filters& filters, Seq from, bool last_per_subject) const;
  std::vector<SubjectState> Subjects(const std::string& filter) const;
  std::vector<Seq> MultiLast(const Filters& filters, Seq max) const;
  Seq FromTime(WallTime time) const;
  StreamState State() const;
  // Of messages and bounds, as a line for a report.
  std::string Describe() const;

  const std::vector<Entry>& entries() const { return entries_; }
  Seq last() const { return last_; }
  Seq first() const { return entries_.empty() ? first_ : entries_.front().seq; }
  // False after a truncation to a sequence without a message: kinds of stores differ.
  bool last_time_known() const { return last_time_known_; }

  // From what was read: for after damage.
  void Become(std::vector<Entry> entries, const StreamState& state);

 private:
  uint64_t Bytes() const;
  uint64_t CountSubject(std::string_view subject) const;
  const Entry* FirstOf(std::string_view subject) const;
  void Limit(const StoreConfig& config);
  void LimitSubject(const StoreConfig& config, const std::string& subject);
  void LimitSubjects(const StoreConfig& config);
  void Erase(Seq seq);
  void EraseAll(Seq next);
  size_t Place(Seq seq) const;

  std::vector<Entry> entries_;
  Seq first_ = 0;  // While there are none.
  Seq last_ = 0;
  WallTime last_time_;
  bool last_time_known_ = true;
};

}  // namespace dunlin::sim
