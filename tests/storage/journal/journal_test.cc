#include "storage/journal/journal.h"

#include <gtest/gtest.h>

#include "tests/storage/journal/journal_world.h"

namespace dunlin::journal {
namespace {

using sim::CrashKind;

void ExpectNoViolation(const JournalWorld& world) {
  for (const std::string& what : world.violations()) ADD_FAILURE() << what;
}

TEST(Journal, KeepsWhatItPromisedThroughAPowerLoss) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot()) << *world.journal().Failure();
  world.Append(0, 100);
  world.Append(1, 5000);
  world.EndOfStep();
  EXPECT_FALSE(world.model()[0].promised);
  world.RunAll();
  EXPECT_TRUE(world.model()[1].promised);
  world.Crash(CrashKind::kPowerLoss);
  ASSERT_TRUE(world.Boot());
  EXPECT_EQ(world.recovered(), 2u);
  ExpectNoViolation(world);
}

}  // namespace
}  // namespace dunlin::journal
