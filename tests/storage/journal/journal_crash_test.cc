// Crashes after each completion of a story, and random stories with crashes in them.
#include <gtest/gtest.h>

#include "tests/storage/journal/journal_stories.h"
#include "tests/storage/journal/journal_world.h"

namespace dunlin::journal {
namespace {

using sim::CrashKind;

JournalOptions Buffered() {
  JournalOptions options = JournalWorld::SmallOptions();
  options.access = Access::kWrite;
  return options;
}

JournalOptions Interval() {
  JournalOptions options = Buffered();
  options.sync = JournalOptions::Sync::kInterval;
  options.sync_interval = Millis(20);
  return options;
}

JournalOptions Deep(JournalOptions options) {
  options.depth = 4;
  return options;
}

struct Kind {
  const char* name;
  JournalOptions options;
};

class JournalCrash : public testing::TestWithParam<Kind> {};

TEST_P(JournalCrash, AfterEachCompletionKeepsWhatWasPromised) {
  const auto violation = CrashEverywhere(GetParam().options, 1);
  if (violation) ADD_FAILURE() << *violation;
}

TEST_P(JournalCrash, AnywhereInRandomStoriesKeepsWhatWasPromised) {
  for (uint64_t seed = FirstSeed(); seed <= LastSeed(25); ++seed) {
    const auto violation = RandomStory(GetParam().options, seed);
    ASSERT_FALSE(violation) << *violation;
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, JournalCrash,
                         testing::Values(Kind{"Direct", JournalWorld::SmallOptions()},
                                         Kind{"DirectDeep", Deep(JournalWorld::SmallOptions())},
                                         Kind{"Buffered", Buffered()},
                                         Kind{"BufferedDeep", Deep(Buffered())},
                                         Kind{"Interval", Interval()},
                                         Kind{"IntervalDeep", Deep(Interval())}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace dunlin::journal
