// The port: what a stream needs of the store that holds its messages. Two kinds implement it, on
// disk (storage/file) and in memory (storage/memory), with one behaviour: that of the reference's
// StreamStore, whose terms these are.
//
// Pure and single-threaded. Changes are decided at once, in memory; what makes them durable comes
// later (WritePoint, below). What may have to read the disk, or grows with the data, is a request:
// an object that is run, in slices of about a millisecond, until it is done:
//
//   CountPending count{.filter = "orders.>", .from = 100};
//   switch (store.Run(count)) {
//     case Progress::kDone:   use(count.total); break;
//     case Progress::kMore:   run it again with a later event; the slice is used up
//     case Progress::kWait:   run it again once TakeReady() has said so; a block is being read
//     case Progress::kFailed: tell(count.error);
//   }
//
// A request that waits keeps its place. It may be dropped at any time. Several may be under way;
// each sees the store as it is when it runs, so what changes behind its position is not seen.
//
// Requests that change the store (Purge, Compact, Truncate) are jobs: durable as an intent before
// they do anything, and finished after a restart if they were cut off. While one is under way the
// store takes no other change: CHECK. The owner keeps its queue.
//
// Sequences start at 1 (or StoreConfig::first_seq); 0 is "none" everywhere. They are never used
// again, whatever is deleted and however the process ends; but for those above a Truncate, which
// takes them back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/store/write_point.h"

namespace dunlin {

using Seq = uint64_t;

enum class Progress : uint8_t { kDone, kMore, kWait, kFailed };

// Why a change was refused, or a request failed. The texts that users see are in
// DescribeStoreError.
enum class StoreError : uint8_t {
  kNone,
  kNotFound,           // "no message found": before the first one, or nothing that matches
  kDeleted,            // "deleted message": between first and last, and gone or never there
  kEof,                // "stream store EOF": past the last message
  kMaxMsgs,            // "maximum messages exceeded" (discard new)
  kMaxBytes,           // "maximum bytes exceeded"
  kMaxMsgsPerSubject,  // "maximum messages per subject exceeded"
  kMsgTooLarge,        // "message too large"
  kInvalidSeq,         // "expected sequence does not match store": not the next one, or (Truncate)
                       // beyond the last one
  kTooManyResults,     // "too many matching results for request" (MultiLast)
  kClosed,             // "store is closed"
  // Of a change: the store takes none any more; Failure() says why. Of a request: what it asks for
  // cannot be read, or is damaged; its 'detail' names the stream, the block and the offset, and the
  // store goes on.
  kFailed,
};
[[nodiscard]] const char* DescribeStoreError(StoreError error);

enum class DiscardPolicy : uint8_t { kOld, kNew };
enum class StoreCompression : uint8_t { kNone, kS2 };
enum class RetentionPolicy : uint8_t { kLimits, kInterest, kWorkQueue };

// What of a stream's configuration its store acts on. 0 or less: no limit.
struct StoreConfig {
  std::string name;
  int64_t max_msgs = -1;
  int64_t max_bytes = -1;
  Duration max_age{};
  int64_t max_msgs_per_subject = -1;
  int32_t max_msg_size = -1;
  DiscardPolicy discard = DiscardPolicy::kOld;
  bool discard_new_per_subject = false;
  RetentionPolicy retention = RetentionPolicy::kLimits;  // Decides the block size.
  StoreCompression compression = StoreCompression::kNone;
  Seq first_seq = 0;
  bool allow_msg_ttl = false;
  Duration subject_delete_marker_ttl{};  // 0: no markers.
};

// A message as the store gives it out. The views live until the store is called again.
struct StoredMsg {
  std::string_view subject;
  std::string_view header;  // With NATS/1.0 and the blank line; empty: none.
  std::string_view payload;
  Seq seq = 0;
  WallTime time;
};

struct StreamState {
  uint64_t msgs = 0;
  uint64_t bytes = 0;  // As the reference counts: StoredMsgBytes() of each.
  Seq first_seq = 0;
  WallTime first_time;  // {0}: none, as first_seq is only the next one.
  Seq last_seq = 0;
  WallTime last_time;  // {0}: nothing was ever stored or skipped.
  uint64_t num_subjects = 0;
  uint64_t num_deleted = 0;  // Between first and last.
  bool operator==(const StreamState&) const = default;
};

struct Utilization {
  uint64_t total = 0;  // In the blocks, with what is dead and not overwritten yet.
  uint64_t used = 0;   // StreamState::bytes.
};

// What a message of these sizes counts for in StreamState::bytes and against max_bytes, per kind of
// store. reference: fileStoreMsgSize, memStoreMsgSize.
[[nodiscard]] uint64_t FileMsgBytes(size_t subject, size_t header, size_t payload);
[[nodiscard]] uint64_t MemoryMsgBytes(size_t subject, size_t header, size_t payload);

struct SimpleState {
  uint64_t msgs = 0;
  Seq first = 0;
  Seq last = 0;
  bool operator==(const SimpleState&) const = default;
};

struct SubjectState {
  std::string subject;
  SimpleState state;
  bool operator==(const SubjectState&) const = default;
};

// First and last sequence of a run of deleted ones, both included.
struct SeqRange {
  Seq first = 0;
  Seq last = 0;
  bool operator==(const SeqRange&) const = default;
};

// What storing, skipping or removing gave. 'point' says when it is durable.
struct StoreResult {
  StoreError error = StoreError::kNone;
  Seq seq = 0;
  WallTime time;
  WritePoint point;
  bool ok() const { return error == StoreError::kNone; }
};

// --- Requests. The first members are the question, the next ones the answer; 'cursor' is the
// store's. Filters are subjects, wildcards allowed; an empty list or ">" is everything.

struct RequestCursor {
  Seq at = 0;
  uint64_t a = 0, b = 0;
  std::string text;
};
struct StoreRequest {
  StoreError error = StoreError::kNone;
  std::string detail;
  RequestCursor cursor;
};

// The message with this sequence. kNotFound, kDeleted, kEof.
struct LoadMsg : StoreRequest {
  Seq seq = 0;
  StoredMsg msg;
};
// The first message at or after 'from' (kNext), or the last one at or before it (kPrev), whose
// subject one of the filters matches. kEof, with 'skip' at the last sequence (kNext) or the first
// one (kPrev), if none.
struct LoadMatch : StoreRequest {
  enum class Way : uint8_t { kNext, kPrev };
  std::vector<std::string> filters;
  Seq from = 0;
  Way way = Way::kNext;
  StoredMsg msg;
  Seq skip = 0;  // The sequence found, or where the search ended.
};
// The last message on a subject (a literal, or a filter; empty or ">": of all). kNotFound.
struct LoadLast : StoreRequest {
  std::string subject;
  StoredMsg msg;
};
// Messages at or after 'from' that match; with 'last_per_subject', only each subject's last one.
struct CountPending : StoreRequest {
  std::vector<std::string> filters;
  Seq from = 0;
  bool last_per_subject = false;
  uint64_t total = 0;
  Seq valid_through = 0;
};
// Number, first and last of what matches at or after 'from'.
struct FilteredState : StoreRequest {
  std::string filter;
  Seq from = 0;
  SimpleState state;
};
// Each subject that matches, in byte order of the subjects, with its state.
struct SubjectsState : StoreRequest {
  std::string filter;
  std::vector<SubjectState> subjects;
};
// Each subject that matches, in byte order, with how many messages it has. Never waits.
struct SubjectsTotals : StoreRequest {
  std::string filter;
  std::vector<std::pair<std::string, uint64_t>> totals;
};
// The last sequence of each subject that a filter matches, no higher than 'max_seq' (0: any), in
// increasing order. kTooManyResults above 'allowed_max' (0: any).
struct MultiLast : StoreRequest {
  std::vector<std::string> filters;
  Seq max_seq = 0;
  int allowed_max = 0;
  std::vector<Seq> seqs;
};
// The first sequence whose time is at or after 'time'; last_seq + 1 if none.
struct SeqFromTime : StoreRequest {
  WallTime time;
  Seq seq = 0;
};

// Removes every message ('filter' empty or ">"), or those that match, below 'below' (0: no bound;
// 1: nothing goes), keeping the last 'keep' ones. As in the reference (PurgeEx), 'keep' is not
// looked at where everything is purged with a bound: then it is a Compact to 'below'. 'purged'
// counts. Jobs: see the file's comment.
struct Purge : StoreRequest {
  std::string filter;
  Seq below = 0;
  uint64_t keep = 0;
  uint64_t purged = 0;
  WritePoint point;
};
// Removes everything below 'seq'. The first sequence is then that of the first message from 'seq'
// on; 'seq' itself, which is also the next one, if it is higher than all. 0: everything, as Purge.
struct Compact : StoreRequest {
  Seq seq = 0;
  uint64_t purged = 0;
  WritePoint point;
};
// Removes everything above 'seq', which becomes the last sequence, whether or not there is a
// message. 0: everything, and the next sequence is 1 again. kInvalidSeq beyond the last one.
struct Truncate : StoreRequest {
  Seq seq = 0;
  WritePoint point;
};

// A change that the store made on its own, or that the owner asked for, for whoever keeps counts:
// limits, age and TTL remove messages at their own time. State(), asked when the store runs, and
// less all 'msgs' and 'bytes' since then, plus what was stored, is State() (but for damage). A
// sequence that is named was that of this message ever since the last truncate.
struct StoreChange {
  enum class Kind : uint8_t {
    kRemoved,  // One message is gone: 'seq', 'subject', 'bytes'.
    kMany,     // 'msgs' messages and 'bytes' bytes are gone at once (purge, compact).
    // With StoreConfig::subject_delete_marker_ttl a store removes nothing by age or TTL: it asks
    // its owner, again every two seconds until the message is gone.
    kMarkerWanted,   // 'seq', the last one of 'subject': the owner stores a marker (headers
                     // Nats-Marker-Reason: MaxAge, Nats-TTL, Nats-Rollup: sub) or proposes it.
    kRemovalWanted,  // 'seq' of 'subject': the owner removes it, or proposes that.
  };
  Kind kind = Kind::kRemoved;
  Seq seq = 0;
  uint64_t msgs = 0;
  uint64_t bytes = 0;
  std::string subject;
};

class StreamStore {
 public:
  // No sequence above it is jumped to: half of what a record in a file can have. A store whose
  // first_seq is above it has failed.
  static constexpr Seq kJumpMax = Seq{1} << 61;

  virtual ~StreamStore() = default;

  // Appends with the next sequence and 'now', and enforces the limits. 'ttl': seconds, 0 none, -1
  // never (also exempt from max_age). Refused changes change nothing. With discard new it is
  // refused, too, while it cannot be told that there is room: what was removed, or would be pushed
  // out, is not in memory. Such a removal is seen to at once: a later attempt is answered right.
  virtual StoreResult Store(const Now& now, std::string_view subject, std::string_view header,
                            std::string_view payload, int64_t ttl) = 0;
  // Likewise with a sequence and time decided elsewhere (a leader, a mirror, a restore): 'seq' must
  // be the next (or 0), else kInvalidSeq; gaps are made by Skip. Discard new is not checked again.
  virtual StoreResult StoreRaw(const Now& now, std::string_view subject, std::string_view header,
                               std::string_view payload, Seq seq, WallTime time, int64_t ttl) = 0;
  // Uses up 'count' sequences from 'seq' (0: the next) on without messages. kInvalidSeq, here and
  // of Compact and Purge: up to a sequence above kJumpMax. The last time changes with kAdvance
  // (reference: SkipMsgNoInterest), or if there was none yet.
  enum class SkipTime : uint8_t { kKeep, kAdvance };
  virtual StoreResult Skip(const Now& now, Seq seq, uint64_t count, SkipTime time) = 0;
  // Deletes one message. kNotFound, kDeleted or kEof if it is not there. With Erase its bytes go,
  // too: from memory soon, from the blocks once they are written anew, which a later start goes on
  // with if it was cut off; from the journal when its segments are used again. The point says that
  // this will come, not that it has.
  virtual StoreResult Remove(const Now& now, Seq seq) = 0;
  virtual StoreResult Erase(const Now& now, Seq seq) = 0;
  // Takes deletions over from another replica: ranges in increasing order; what lies beyond the
  // last sequence is passed over. Removes what is there in the ranges, a slice now, the rest as
  // OnDeadline() says. The point is that of what went at once; a process that ends before the rest
  // has to be told again.
  virtual StoreResult SyncDeleted(const Now& now, const std::vector<SeqRange>& ranges) = 0;
  virtual StoreResult UpdateConfig(const Now& now, const StoreConfig& config) = 0;

  virtual Progress Run(LoadMsg& request) = 0;
  virtual Progress Run(LoadMatch& request) = 0;
  virtual Progress Run(LoadLast& request) = 0;
  virtual Progress Run(CountPending& request) = 0;
  virtual Progress Run(FilteredState& request) = 0;
  virtual Progress Run(SubjectsState& request) = 0;
  virtual Progress Run(SubjectsTotals& request) = 0;
  virtual Progress Run(MultiLast& request) = 0;
  virtual Progress Run(SeqFromTime& request) = 0;
  virtual Progress Run(const Now& now, Purge& job) = 0;
  virtual Progress Run(const Now& now, Compact& job) = 0;
  virtual Progress Run(const Now& now, Truncate& job) = 0;

  virtual StreamState State() const = 0;
  // Deleted sequences between first and last, as runs in increasing order.
  virtual std::vector<SeqRange> Deleted() const = 0;
  // How much room the messages have taken, and how much of it those take that are left: who
  // removes many asks whether it is worth to write them anew.
  virtual Utilization Utilised() const = 0;
  // The state and deleted sequences as replicas exchange them: storage/format/stream_state.h.
  virtual std::string EncodedState(uint64_t failed) const = 0;

  // Age, TTL and lazy work (limits that UpdateConfig() lowered, a large message that takes the
  // place of very many small ones). What is due is done in slices; may be due at once again.
  virtual Instant NextDeadline() const = 0;
  virtual void OnDeadline(const Now& now) = 0;

  // What changed since the last call, in order.
  virtual std::vector<StoreChange> TakeChanges() = 0;
  // Whether requests that got kWait are worth running again.
  virtual bool TakeReady() = 0;

  // Why the store takes no changes any more; nullopt while it is well.
  virtual std::optional<std::string> Failure() const = 0;
};

// SubjectsTotals to its end, for who has nothing else to do.
[[nodiscard]] std::vector<std::pair<std::string, uint64_t>> TotalsOf(StreamStore* store,
                                                                     std::string_view filter);

}  // namespace dunlin
