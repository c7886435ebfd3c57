// When what was appended is on the medium: at once, or an interval later.
#include <gtest/gtest.h>

#include "tests/storage/journal/journal_world.h"

namespace dunlin::journal {
namespace {

// Whether a power loss would leave all batches.
bool OnTheMedium(JournalWorld& world) {
  for (const JournalWorld::File& file : world.Files()) {
    const size_t end = file.batches.back().end;
    const auto durable = world.disk().Durable(file.path);
    if (!durable || durable->substr(0, end) != world.disk().Contents(file.path)->substr(0, end)) {
      return false;
    }
  }
  return true;
}

void AppendOne(JournalWorld& world) {
  world.Append(0, 100);
  world.EndOfStep();
  world.RunAll();
  EXPECT_TRUE(world.journal().durable().Covers(world.model().back().point));
}

JournalOptions SyncedEvery(Duration interval) {
  JournalOptions options = JournalWorld::SmallOptions();
  options.access = Access::kWrite;
  options.sync = JournalOptions::Sync::kInterval;
  options.sync_interval = interval;
  return options;
}

TEST(JournalSync, WithAnIntervalItIsOnTheMediumAnIntervalLater) {
  JournalWorld world(1, SyncedEvery(Millis(250)));
  ASSERT_TRUE(world.Boot());
  world.RunAll();
  EXPECT_TRUE(OnTheMedium(world));
  for (int i = 0; i < 3; ++i) {
    AppendOne(world);
    EXPECT_FALSE(OnTheMedium(world)) << "nobody waits for it";
    EXPECT_LE(world.journal().NextDeadline(), world.driver().now().mono + Millis(250));
    world.Wait();
    world.RunAll();
    EXPECT_TRUE(OnTheMedium(world));
  }
}

TEST(JournalSync, WhatIsAskedForIsThereSoon) {
  JournalWorld world(1, SyncedEvery(Minutes(10)));
  ASSERT_TRUE(world.Boot());
  world.RunAll();
  world.Append(0, 100);
  world.journal().SyncSoon(world.model().back().point);
  world.EndOfStep();
  world.RunAll();
  EXPECT_TRUE(world.journal().synced().Covers(world.model().back().point));
  EXPECT_TRUE(OnTheMedium(world));
  AppendOne(world);
  EXPECT_FALSE(OnTheMedium(world)) << "nobody asked for this one";
}

TEST(JournalSync, WithoutOneItIsThereWhenItIsDurable) {
  for (const Access access : {Access::kDurableWrites, Access::kWrite}) {
    JournalOptions options = JournalWorld::SmallOptions();
    options.access = access;
    JournalWorld world(1, options);
    ASSERT_TRUE(world.Boot());
    for (int i = 0; i < 3; ++i) {
      AppendOne(world);
      EXPECT_TRUE(OnTheMedium(world));
    }
  }
}

}  // namespace
}  // namespace dunlin::journal
