// How many deaths a story of crashes is told with, and how many recoveries of it are cut off.
#pragma once

namespace dunlin {

// Under AddressSanitizer, which looks for other things and takes its time, a sixteenth of them.
constexpr int CrashRuns(int runs) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  return runs / 16;
#endif
#endif
  return runs;
}

}  // namespace dunlin
