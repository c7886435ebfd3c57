// What the process uses, as the monitoring pages show it.
#pragma once

#include "engine/base/time.h"
#include "engine/server/event.h"
#include "host/unique_fd.h"

namespace dunlin::host {

class UsageMeter {
 public:
  explicit UsageMeter(Instant now);

  // CPU use is the mean since the last measurement that is at least kWindow old, in tenths of a
  // percent of one core: it costs nothing while nobody asks.
  [[nodiscard]] ProcessUsage Measure(Instant now);

  static constexpr Duration kWindow = Seconds(1);

 private:
  int64_t ResidentBytes() const;

  UniqueFd statm_;  // Kept open: it must work when descriptors have run out.
  Instant measured_at_;
  Duration cpu_at_ = {};  // CPU time used by then.
  double cpu_percent_ = 0;
  int cores_ = 1;
};

}  // namespace dunlin::host
