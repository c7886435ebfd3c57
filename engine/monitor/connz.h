// The listing of connections: chosen, sorted, cut to a page, written in slices.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/monitor/job.h"
#include "engine/monitor/query.h"

namespace dunlin::monitor {

// Rows of a listing that names no limit, here and on /subsz.
inline constexpr int64_t kListLimitDefault = 1024;

// Orders of connections, in the reference's words: 'cid', 'start', 'subs', ...
enum class SortBy : uint8_t {
  kCid,    // Ascending, as are kStart, kUptime and kReason; all others descending.
  kStart,  // The same as kCid.
  kSubs,
  kPending,
  kMsgsTo,
  kMsgsFrom,
  kBytesTo,
  kBytesFrom,
  kLast,
  kIdle,
  kUptime,
  kStop,  // Of closed connections only, as is kReason.
  kReason,
  kRtt,
};

enum class SubsShown : uint8_t { kNone, kSubjects, kDetail };

struct ConnzOptions {
  enum class State : uint8_t { kOpen, kClosed, kAll };

  SortBy sort = SortBy::kCid;
  State state = State::kOpen;
  bool auth = false;
  SubsShown subs = SubsShown::kNone;
  int64_t offset = 0;
  int64_t limit = kListLimitDefault;
  uint64_t cid = 0;  // Not 0: this connection only.
  std::string user;  // Not empty: connections of this user only; so with the next two.
  std::string account;
  std::string mqtt_client;
};

// Reads the parameters of /connz, and clamps 'offset' and 'limit' as the reference does.
// Sets query->error() if one is not understood.
// Does not look at 'sort': the reference counts a request before it finds fault with that.
[[nodiscard]] ConnzOptions ReadConnzQuery(Query* query);
void ReadConnzSort(Query* query, ConnzOptions* options);

// 'subs=1', 'subs=detail'.
[[nodiscard]] SubsShown ReadSubsShown(Query* query);

// REQUIRES: 'options' came from these two without an error.
[[nodiscard]] std::unique_ptr<Job> MakeConnzJob(ConnzOptions options);

// What an unknown account is answered.
[[nodiscard]] std::string ConnzOfUnknownAccount(const ConnzOptions& options, WallTime now);

// Part of 'count' rows that 'offset' and 'limit' choose; none of the sums overflow.
struct PageBounds {
  uint64_t first = 0;
  uint64_t size = 0;
};
[[nodiscard]] PageBounds ChoosePage(uint64_t count, int64_t offset, int64_t limit);

}  // namespace dunlin::monitor
