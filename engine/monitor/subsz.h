// The state of the subject indexes, and the listing of subscriptions, in slices.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/monitor/job.h"
#include "engine/monitor/query.h"

namespace dunlin::monitor {

struct SubszOptions {
  bool subs = false;  // List them; else only the numbers.
  int64_t offset = 0;
  int64_t limit = 0;
  std::string test;     // Not empty: those that a message to this subject reaches.
  std::string account;  // Not empty: of this account only.
};

// Sets query->error() if a parameter is not understood.
[[nodiscard]] SubszOptions ReadSubszQuery(Query* query);

[[nodiscard]] std::unique_ptr<Job> MakeSubszJob(SubszOptions options);

}  // namespace dunlin::monitor
