// The messages of a stream in memory. What it does is in engine/store/stream_store.h; README.md
// says how.
//
// Durable at once, in so far as it is at all: every WritePoint is {0}. Nothing waits: a request
// gets kMore when its slice is used up, never kWait.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/expiry_queue.h"
#include "engine/store/removal_requests.h"
#include "engine/store/stream_store.h"
#include "engine/subject/subject_tree.h"
#include "storage/memory/message_table.h"

namespace dunlin::memory {

class MemoryStore final : public StreamStore {
 public:
  struct Options {
    StoreConfig config;
    // Messages or subjects that one call looks at before it gives the thread back.
    int steps_per_slice = 4096;
  };
  explicit MemoryStore(Options options);
  ~MemoryStore() override;

  StoreResult Store(const Now& now, std::string_view subject, std::string_view header,
                    std::string_view payload, int64_t ttl) override;
  StoreResult StoreRaw(const Now& now, std::string_view subject, std::string_view header,
                       std::string_view payload, Seq seq, WallTime time, int64_t ttl) override;
  StoreResult Skip(const Now& now, Seq seq, uint64_t count, SkipTime time) override;
  StoreResult Remove(const Now& now, Seq seq) override;
  StoreResult Erase(const Now& now, Seq seq) override;
  StoreResult SyncDeleted(const Now& now, const std::vector<SeqRange>& ranges) override;
  StoreResult UpdateConfig(const Now& now, const StoreConfig& config) override;

  Progress Run(LoadMsg& request) override;
  Progress Run(LoadMatch& request) override;
  Progress Run(LoadLast& request) override;
  Progress Run(CountPending& request) override;
  Progress Run(FilteredState& request) override;
  Progress Run(SubjectsState& request) override;
  Progress Run(SubjectsTotals& request) override;
  Progress Run(MultiLast& request) override;
  Progress Run(SeqFromTime& request) override;
  Progress Run(const Now& now, Purge& job) override;
  Progress Run(const Now& now, Compact& job) override;
  Progress Run(const Now& now, Truncate& job) override;

  StreamState State() const override;
  std::vector<SeqRange> Deleted() const override;
  Utilization Utilised() const override;
  std::string EncodedState(uint64_t failed) const override;

  Instant NextDeadline() const override;
  void OnDeadline(const Now& now) override;
  std::vector<StoreChange> TakeChanges() override;
  bool TakeReady() override { return false; }
  std::optional<std::string> Failure() const override { return failure_; }

  // Of messages and indexes.
  size_t BytesUsed() const;

  // Aborts if messages, subjects and counts contradict each other. Walks everything.
  void CheckInvariants() const;

 private:
  // What is known of a subject. First and last are exact: messages of a subject are linked.
  struct __attribute__((packed, aligned(4))) SubjectInfo {
    uint64_t msgs;
    Seq first, last;
  };
  using Subjects = subject::SubjectMap<SubjectInfo>;
  // How removals are told: each by itself, or summed up at the end.
  enum class Tell : uint8_t { kEach, kSum };
  // Which end of what is asked for.
  struct Bounds {
    enum class Kind : uint8_t { kNothing, kExact, kRange } kind = Kind::kNothing;
    Seq low = 0, high = 0;
  };
  // Work that goes on with later deadlines.
  struct Chores {
    bool limits = false;                     // Messages or bytes are over.
    std::optional<std::string> per_subject;  // From this subject on, there may be too many.
    Seq find_ttls = 0;                       // From this message on; 0: all are found.
    std::vector<SeqRange> deleted;           // To be removed, last one first in the vector.
    bool any() const {
      return limits || per_subject.has_value() || find_ttls != 0 || !deleted.empty();
    }
  };

  // --- memory_store.cc: one message.
  StoreError Refuses(std::string_view subject, std::string_view header, std::string_view payload,
                     const SubjectInfo* info) const;
  void Unlink(const Message& message);
  // Takes a message out of everything; sums it up in removed_ or tells of it.
  void Drop(Seq seq, Tell tell);
  void Found(Message* message, StoredMsg* out) const;
  StoreError WhyMissing(Seq seq) const;
  void MoveFirst();
  void EnforcePerSubject(SubjectInfo* info, int* budget);
  void TellSum();

  // --- memory_queries.cc
  bool IsAll(const std::vector<std::string>& filters) const;
  Bounds NextBounds(const LoadMatch& request, Seq from) const;
  Bounds PrevBounds(const LoadMatch& request, Seq from) const;
  Progress Scan(LoadMatch& request, Seq bound, int budget);
  const Message* Resume(std::string_view subject, Seq seq) const;
  bool CountPart(std::string_view subject, const SubjectInfo& info, Seq from, RequestCursor* cursor,
                 int* budget, SimpleState* part) const;
  Progress CountMatches(const std::vector<std::string>& filters, Seq from, bool last_per_subject,
                        RequestCursor* cursor, SimpleState* sum) const;
  bool LastUpTo(std::string_view subject, const SubjectInfo& info, Seq max, RequestCursor* cursor,
                int* budget, Seq* found) const;
  Progress ScanLasts(MultiLast& request, Seq max);
  Progress WalkLasts(MultiLast& request, Seq max);

  // --- memory_jobs.cc
  void PurgeAll(Seq first);
  void FreshTables();
  Progress FailJob(StoreRequest* job, StoreError error);
  Progress PurgeByCompact(const Now& now, Purge& job);
  Progress CountForKeep(Purge& job);
  Progress PurgeScan(Purge& job);
  Progress PurgeSubjects(Purge& job);
  void FinishJob(uint64_t* purged);

  // --- memory_chores.cc
  void DoChores(int* budget);
  void EnforceLimits(int* budget);
  void EnforceSubjects(int* budget);
  void FindTtls(int* budget);
  void DropDeleted(int* budget);
  void ExpireByAge(const Now& now, int* budget);
  void ExpireByTtl(const Now& now, int* budget);
  void Expire(const Now& now, const Message& message);
  std::optional<WallTime> NextExpiry() const;

  StoreConfig config_;
  const int steps_per_slice_;
  std::optional<std::string> failure_;  // From the beginning.

  MessageTable messages_;
  Subjects subjects_;
  ExpiryQueue ttls_;
  RemovalRequests requests_;
  MessageTable graveyard_;  // Purged, not freed yet.

  uint64_t bytes_ = 0;
  Seq first_ = 0;
  Seq last_ = 0;
  WallTime first_time_;
  WallTime last_time_;

  std::vector<StoreChange> changes_;
  StoreChange removed_;  // Tell::kSum, so far.
  bool job_ = false;     // One is under way.

  Chores chores_;
  Now seen_;             // The latest time there was: what maps wall times to instants.
  Instant rest_until_;   // Expiry looks again.
  Seq never_up_to_ = 0;  // Up to here all that is left never goes by age.
  // A pass over what is due, which may take several slices.
  struct Expiring {
    Seq from = 0;                 // By age, from this message on...
    std::optional<Expiry> after;  // ... by TTL, after this one.
    bool more = false;            // It is not through.
    bool asked = false;           // Its owner was asked for something.
  } expire_;
};

}  // namespace dunlin::memory
