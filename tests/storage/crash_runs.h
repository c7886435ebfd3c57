// How many deaths a story of crashes is told with, and how many recoveries of it are cut off.
#pragma once

#include "sim/disk/crash_points.h"
#include "tests/support/crash_story.h"

namespace dunlin {

// Under AddressSanitizer a sixteenth of them.
constexpr int CrashRuns(int runs) { return sim::kFewCrashes ? runs / 16 : runs; }

// Each point is died at once by a kill and so many times by a power loss. Beyond about 'runs_max'
// deaths, points are left out evenly: a story that is to have them all fails.
inline sim::CrashOptions Deaths(uint64_t power_losses, int recoveries_cut, int runs_max = 6000) {
  sim::CrashOptions options;
  options.kills = 1;
  options.power_losses = power_losses;
  options.recoveries_cut = static_cast<uint64_t>(CrashRuns(recoveries_cut));
  options.runs_max = static_cast<uint64_t>(CrashRuns(runs_max));
  return options;
}

}  // namespace dunlin
