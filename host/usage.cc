#include "host/usage.h"

#include <fcntl.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>

namespace dunlin::host {
namespace {

Duration CpuTime() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return Seconds(used.tv_sec) + Nanos(used.tv_nsec);
}

int UsableCores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

}  // namespace

UsageMeter::UsageMeter(Instant now)
    : statm_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)),
      measured_at_(now),
      cpu_at_(CpuTime()),
      cores_(UsableCores()) {}

int64_t UsageMeter::ResidentBytes() const {
  char text[128] = {};
  if (::pread(statm_.get(), text, sizeof text - 1, 0) <= 0) return 0;
  long total = 0, resident = 0;
  return std::sscanf(text, "%ld %ld", &total, &resident) == 2 ? resident * sysconf(_SC_PAGESIZE)
                                                              : 0;
}

ProcessUsage UsageMeter::Measure(Instant now) {
  if (now - measured_at_ >= kWindow) {
    const Duration used = CpuTime();
    const int64_t permille = (used - cpu_at_).ns * 1000 / (now - measured_at_).ns;
    cpu_percent_ = static_cast<double>(permille) / 10.0;
    measured_at_ = now;
    cpu_at_ = used;
  }
  ProcessUsage usage;
  usage.resident_bytes = ResidentBytes();
  usage.cpu_percent = cpu_percent_;
  usage.cores = cores_;
  usage.max_procs = cores_;
  return usage;
}

}  // namespace dunlin::host
