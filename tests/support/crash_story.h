// Crash points in a test: tells a story to its end at every point, and shows what fails. To run one
// point alone, say which:
//
//   DUNLIN_CRASH_POINT='17 power_loss 3' storage_tests --gtest_filter=Journal.SurvivesARoll
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sim/disk/crash_points.h"

namespace dunlin::sim {

// AddressSanitizer looks for other things, and takes its time.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kFewCrashes = true;
#else
inline constexpr bool kFewCrashes = false;
#endif
#else
inline constexpr bool kFewCrashes = false;
#endif

// A line of the table that `storage_tests | grep 'crash points'` prints.
inline void TellCrashPoints(std::string_view name, const CrashReport& report) {
  std::printf("crash points: %.*s: %llu effects, stopped after %llu%s, %llu lives\n",
              static_cast<int>(name.size()), name.data(),
              static_cast<unsigned long long>(report.effects),
              static_cast<unsigned long long>(report.points), report.exhaustive() ? " (all)" : "",
              static_cast<unsigned long long>(report.runs));
}

// That a story was stopped after each of its effects, by kills and by power losses. One that finds
// what it looks for ends early.
inline void ExpectEveryPoint(std::string_view name, const CrashReport& report) {
  EXPECT_GT(report.effects, 0u) << "nothing was done";
  if (kFewCrashes || !report.failures.empty()) return;
  EXPECT_TRUE(report.exhaustive())
      << name << " has " << report.effects << " effects and was stopped after " << report.points
      << ", by kills " << report.killed << ", by power losses " << report.powerless;
}

enum class CrashesAt : uint8_t { kEveryPoint, kSomePoints };

inline void ExpectSurvives(CrashesAt at, std::string_view name, const CrashStoryMaker& make,
                           const CrashOptions& options) {
  if (const char* only = std::getenv("DUNLIN_CRASH_POINT")) {
    const std::optional<CrashPoint> point = ParseCrashPoint(only);
    ASSERT_TRUE(point.has_value()) << "DUNLIN_CRASH_POINT is not like '17 power_loss 3'";
    EXPECT_EQ(RunCrashPoint(make, *point, options), "") << name << " " << only;
    return;
  }
  const CrashReport report = RunCrashPoints(name, make, options);
  for (const std::string& failure : report.failures) ADD_FAILURE() << failure;
  TellCrashPoints(name, report);
  if (at == CrashesAt::kEveryPoint) ExpectEveryPoint(name, report);
  if (at == CrashesAt::kSomePoints) {
    EXPECT_GT(report.effects, 0u) << "nothing was done";
    EXPECT_FALSE(report.exhaustive()) << name << " need not say that it is sampled";
  }
}

inline void ExpectSurvivesEveryCrash(std::string_view name, const CrashStoryMaker& make,
                                     const CrashOptions& options = {}) {
  ExpectSurvives(CrashesAt::kEveryPoint, name, make, options);
}
// Of a story that is too long: 'options' say how many.
inline void ExpectSurvivesSomeCrashes(std::string_view name, const CrashStoryMaker& make,
                                      const CrashOptions& options) {
  ExpectSurvives(CrashesAt::kSomePoints, std::string(name) + " (sampled)", make, options);
}

}  // namespace dunlin::sim
