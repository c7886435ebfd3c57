// Which messages of a store expire when, by a time to live of their own.
//
// The job of the reference's timed hash wheel (server/thw), and its answers; but ordered: what is
// due comes out by time, then sequence, so that a run can be repeated, and a walk can be taken up
// from any entry, so that it can be sliced. The bytes on disk (thw.db) are
// storage/format/timer_file.h.
//
// Sorted runs of up to 512 entries of 16 bytes: every call is O(log size) plus at most one run.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/base/time.h"

namespace dunlin {

struct Expiry {
  WallTime at;
  uint64_t seq = 0;
  auto operator<=>(const Expiry&) const = default;
};

// When what was stored then is so old, or has lived for 'ttl' seconds; at the end of time if that
// would be behind it. REQUIRES: 'age', 'ttl' are not negative.
[[nodiscard]] WallTime ExpiryOf(WallTime time, Duration age);
[[nodiscard]] WallTime ExpiryOf(WallTime time, int64_t ttl);
// When it will be 'at' as the clocks stand now; kNever if no deadline reaches as far.
[[nodiscard]] Instant DeadlineOf(WallTime at, const Now& now);

class ExpiryQueue {
 public:
  // False: it was there already. The same sequence may stand there with several times.
  bool Add(Expiry expiry);
  // False: it was not there. reference: 'thw: task not found'.
  bool Remove(Expiry expiry);
  // Moves an entry. False, and nothing done: it was not there.
  bool Update(Expiry expiry, WallTime at);
  void Clear();

  // The one that is due first.
  std::optional<Expiry> First() const;
  // The first one after 'expiry', which need not be there.
  std::optional<Expiry> After(Expiry expiry) const;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t BytesUsed() const;

  // Aborts if the queue contradicts itself. Walks it.
  void CheckInvariants() const;

 private:
  using Run = std::vector<Expiry>;
  // By a lower bound of their entries, which is above all entries of the run before.
  using Runs = std::map<Expiry, Run>;

  Runs::iterator RunFor(Expiry expiry);
  void MergeWithNext(Runs::iterator run);

  Runs runs_;
  size_t size_ = 0;
};

}  // namespace dunlin
