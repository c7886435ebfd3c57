// How many deaths a story of crashes is told with.
#pragma once

namespace dunlin {

// Under AddressSanitizer, which looks for other things and takes its time, a quarter of them.
constexpr int CrashRuns(int runs) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  return runs / 4;
#endif
#endif
  return runs;
}

}  // namespace dunlin
