#include "sim/tool/store.h"

#include <cstdio>
#include <string>

#include "engine/base/mutant.h"
#include "sim/store/campaign.h"
#include "sim/store/story_campaign.h"
#include "sim/tool/shell.h"

namespace dunlin::sim {
namespace {

using Number = unsigned long long;

std::string Reproduce(uint64_t seed) {
  const std::string mutant =
      mutant_switched_on == 0 ? "" : " --mutant " + std::to_string(mutant_switched_on);
  return "reproduce: dunlin-sim store --seed " + std::to_string(seed) + mutant + "\n";
}

std::string ReproduceStory(uint64_t seed) {
  const std::string mutant =
      mutant_switched_on == 0 ? "" : " --mutant " + std::to_string(mutant_switched_on);
  return "reproduce: dunlin-sim stories --seed " + std::to_string(seed) + mutant + "\n";
}

double SecondsOf(Duration d) { return static_cast<double>(d.ns) / 1e9; }

}  // namespace

int RunOneStoreSeed(uint64_t seed) {
  SetLastWords(Reproduce(seed));
  const StoreRunResult result = RunStoreSeed(seed);
  for (const std::string& failure : result.failures) std::printf("%s\n", failure.c_str());
  std::printf("%s: %s\n", result.failures.empty() ? "passed" : "FAILED", result.plan.c_str());
  std::printf("%.3f s simulated, %llu lives, %llu changes, %llu faults\n",
              SecondsOf(result.simulated), static_cast<Number>(result.lives),
              static_cast<Number>(result.changes), static_cast<Number>(result.faults));
  if (!result.failures.empty()) std::printf("%s", Reproduce(seed).c_str());
  std::printf("hash %016llx\n", static_cast<Number>(result.hash));
  return result.failures.empty() ? 0 : 1;
}

int RunStoreCampaign(uint64_t first, uint64_t seeds_max, double seconds) {
  const double start = RealSeconds();
  uint64_t seeds = 0, failed = 0, lives = 0, changes = 0, faults = 0;
  double simulated = 0;
  for (; seeds < seeds_max && RealSeconds() < start + seconds; ++seeds) {
    const uint64_t seed = first + seeds;
    SetLastWords(Reproduce(seed));
    const StoreRunResult result = RunStoreSeed(seed);
    simulated += SecondsOf(result.simulated);
    lives += result.lives;
    changes += result.changes;
    faults += result.faults;
    if (result.failures.empty()) continue;
    ++failed;
    std::printf("FAILED (%s) %s\n%s", result.plan.c_str(), result.failures[0].c_str(),
                Reproduce(seed).c_str());
    std::fflush(stdout);
  }
  const double real = RealSeconds() - start;
  std::printf(
      "%llu seeds, %llu failed, %.0f seeds/min, simulated:real %.0f:1, %llu lives, "
      "%llu changes, %llu faults\n",
      static_cast<Number>(seeds), static_cast<Number>(failed),
      static_cast<double>(seeds) / real * 60, simulated / real, static_cast<Number>(lives),
      static_cast<Number>(changes), static_cast<Number>(faults));
  return failed == 0 ? 0 : 1;
}

int RunOneStory(uint64_t seed, Shrink shrink) {
  SetLastWords(ReproduceStory(seed));
  const StorySeedResult told = RunStorySeed(seed);
  const StoryResult& result = told.result;
  for (const StoryFailure& failure : result.failures)
    std::printf("step %d: %s\n", failure.at.line, failure.text.c_str());
  std::printf("%s: %s\n%.3f s simulated, %llu lives, %llu changes, %llu faults\n",
              result.failures.empty() ? "passed" : "FAILED", told.story.about.c_str(),
              SecondsOf(result.counts.simulated), static_cast<Number>(result.counts.lives),
              static_cast<Number>(result.counts.changes),
              static_cast<Number>(result.counts.faults));
  if (!result.failures.empty() && shrink == Shrink::kYes) {
    const std::string kind = KindOfFailure(result.failures[0].text);
    std::printf("\n%s", FormatStory(ShrinkStory(told.story, kind)).c_str());
  } else if (shrink == Shrink::kPrint) {
    std::printf("\n%s", FormatStory(told.story).c_str());
  }
  if (!result.failures.empty()) std::printf("%s", ReproduceStory(seed).c_str());
  std::printf("hash %016llx\n", static_cast<Number>(result.hash));
  return result.failures.empty() ? 0 : 1;
}

int RunStories(uint64_t first, uint64_t seeds_max, double seconds) {
  const double start = RealSeconds();
  uint64_t seeds = 0, failed = 0;
  StoryCounts sum;
  for (; seeds < seeds_max && RealSeconds() < start + seconds; ++seeds) {
    const uint64_t seed = first + seeds;
    SetLastWords(ReproduceStory(seed));
    const StorySeedResult told = RunStorySeed(seed);
    const StoryCounts& counts = told.result.counts;
    sum.lives += counts.lives;
    sum.changes += counts.changes;
    sum.faults += counts.faults;
    sum.simulated = sum.simulated + counts.simulated;
    if (told.result.failures.empty()) continue;
    ++failed;
    std::printf("FAILED %s\n%s\n%s", told.story.about.c_str(), told.result.failures[0].text.c_str(),
                ReproduceStory(seed).c_str());
    std::fflush(stdout);
  }
  const double real = RealSeconds() - start;
  std::printf(
      "%llu seeds, %llu failed, %.0f seeds/min, %.1f h simulated, %llu lives, %llu changes, %llu "
      "faults\n",
      static_cast<Number>(seeds), static_cast<Number>(failed),
      static_cast<double>(seeds) / real * 60, SecondsOf(sum.simulated) / 3600,
      static_cast<Number>(sum.lives), static_cast<Number>(sum.changes),
      static_cast<Number>(sum.faults));
  return failed == 0 ? 0 : 1;
}

}  // namespace dunlin::sim
