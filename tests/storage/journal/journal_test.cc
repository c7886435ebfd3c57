#include "storage/journal/journal.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/storage/journal/journal_world.h"

namespace dunlin::journal {
namespace {

using sim::CrashKind;

void ExpectNoViolation(const JournalWorld& world) {
  for (const std::string& what : world.violations()) ADD_FAILURE() << what;
}

// Appends to assets 1 to 3 in turn, passing what is promised, until 'bytes' have gone through.
void Churn(JournalWorld* world, uint64_t bytes) {
  for (int i = 0; world->journal().stats().bytes < bytes; ++i) {
    if (!world->journal().full()) world->Append(1 + i % 3, 900);
    world->EndOfStep();
    ASSERT_TRUE(world->Run(1)) << "stands still, " << world->Describe();
    ASSERT_LT(i, 100'000) << "gets nowhere, " << world->Describe();
    if (i % 7 == 6) {
      for (int asset = 1; asset <= 3; ++asset) world->Pass(asset);
    }
  }
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

TEST(Journal, WhatComesWhileAWriteIsUnderWayIsOneBatch) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  const uint64_t before = world.journal().stats().batches;
  world.Append(0, 10);
  world.EndOfStep();
  const WritePoint first = world.model().back().point;
  for (int i = 0; i < 50; ++i) {
    world.Append(1, 100);
    world.EndOfStep();
  }
  EXPECT_EQ(world.journal().stats().batches, before + 1);
  EXPECT_GT(world.model().back().point, first);
  while (!world.journal().durable().Covers(first)) world.Run(1);
  EXPECT_EQ(world.journal().stats().batches, before + 2);
  EXPECT_EQ(world.journal().next_point().batch, world.model().back().point.batch + 1);
}

TEST(Journal, AllowsAsManyBatchesInFlightAsItsDepth) {
  JournalOptions options = JournalWorld::SmallOptions();
  options.depth = 4;
  JournalWorld world(1, options);
  ASSERT_TRUE(world.Boot());
  world.RunAll();
  for (int i = 0; i < 6; ++i) {
    world.Append(0, 100);
    world.EndOfStep();
  }
  EXPECT_EQ(world.journal().stats().in_flight, 4u);
}

TEST(Journal, UsesItsFilesAgainAndStaysWithinItsBound) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  Churn(&world, 40 * 64 * 1024);
  EXPECT_LE(world.disk().Files().size(), 4u);
  world.Crash(CrashKind::kKill);
  ASSERT_TRUE(world.Boot());
  // Four segments hold no more than this: nothing of their earlier uses came back.
  EXPECT_LE(world.recovered(), 4 * 64 * 1024 / 900u);
  ExpectNoViolation(world);
}

// A record that nobody passes, appended first.
TEST(Journal, CopiesForwardWhatALaggardStillNeeds) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  world.Append(0, 500);
  Churn(&world, 20 * 64 * 1024);
  EXPECT_GE(world.journal().stats().copied, 3u);
  EXPECT_FALSE(world.model().front().passed);
  for (int life = 0; life < 3; ++life) {
    world.Crash(CrashKind::kPowerLoss);
    ASSERT_TRUE(world.Boot()) << world.journal().Failure().value_or("?");
    ASSERT_FALSE(world.model().empty());
    EXPECT_EQ(world.model().front().asset, 0);
    EXPECT_EQ(world.model().front().body.size(), 500u);
    Churn(&world, 10 * 64 * 1024);
  }
  ExpectNoViolation(world);
}

// Room is needed for the laggard's record, not for those beside it, which are passed.
TEST(Journal, CopiesALaggardsRecordOutOfALargeBatch) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  world.Append(0, 100);
  for (int i = 0; i < 16; ++i) world.Append(1, 3000);
  world.EndOfStep();
  world.RunAll();
  world.Pass(1);
  Churn(&world, 10 * 64 * 1024);
  EXPECT_GE(world.journal().stats().copied, 1u);
  EXPECT_FALSE(world.model().front().passed);
  world.Crash(CrashKind::kPowerLoss);
  ASSERT_TRUE(world.Boot()) << world.journal().Failure().value_or("?");
  ASSERT_FALSE(world.model().empty());
  EXPECT_EQ(world.model().front().asset, 0);
  ExpectNoViolation(world);
}

// One that waits for its file, and holds nothing that anybody needs any more.
TEST(Journal, WritesWhatWaitsForASegmentBeforeItIsGivenBack) {
  JournalOptions options = JournalWorld::SmallOptions();
  options.depth = 4;
  JournalWorld world(1, options);
  ASSERT_TRUE(world.Boot());
  for (int batch = 0; batch < 3; ++batch) {
    for (int i = 0; i < 14; ++i) world.Append(0, 3000);
    world.EndOfStep();
  }
  world.journal().Forget(world.number(0));
  world.Append(1, 100);
  const WritePoint point = world.journal().next_point();
  world.EndOfStep();
  world.RunAll();
  EXPECT_TRUE(world.journal().durable().Covers(point)) << world.Describe();
  ExpectNoViolation(world);
}

// Records of an asset, until the journal takes no more.
void FillWith(int asset, JournalWorld* world) {
  while (!world->journal().full()) {
    world->Append(asset, 3000);
    world->EndOfStep();
    world->Run(2);
    ASSERT_LT(world->model().size(), 200u);
  }
  world->RunAll();
  EXPECT_TRUE(world->journal().full());
}

TEST(Journal, IsFullWhenNobodyPassesAndGoesOnWhenTheyDo) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  FillWith(1, &world);
  EXPECT_NE(world.journal().Wanted().batch, 0u);
  std::vector<AssetNumber> laggards;
  world.journal().Laggards(&laggards, 10);
  EXPECT_EQ(laggards, std::vector<AssetNumber>{world.number(1)});
  world.Pass(1);
  world.EndOfStep();
  world.RunAll();
  EXPECT_FALSE(world.journal().full());
  EXPECT_EQ(world.journal().Wanted(), WritePoint{});
  Churn(&world, world.journal().stats().bytes + 10 * 64 * 1024);
  ExpectNoViolation(world);
}

// A file that grows is made ready ahead of the batches, but not for each of them: that would double
// what the disk has to sync.
TEST(Journal, MakesAFileReadyInSteps) {
  JournalOptions options = JournalWorld::SmallOptions();
  options.segment_bytes = 4 << 20;
  options.prepare_bytes_ahead = 1 << 20;
  JournalWorld world(1, options);
  ASSERT_TRUE(world.Boot());
  world.RunAll();
  const uint64_t before = world.completions();
  for (int i = 0; i < 100; ++i) {
    world.Append(0, 100);
    world.EndOfStep();
    world.RunAll();
  }
  EXPECT_LE(world.completions() - before, 110u);
}

// How many segments there are when the oldest is wanted back, with so many assets in each of them.
uint32_t SegmentsWhenWanted(int assets) {
  JournalOptions options = JournalWorld::SmallOptions();
  options.segments_max = 8;
  options.wanted_bytes_per_asset = options.segment_bytes;
  JournalWorld world(1, options);
  EXPECT_TRUE(world.Boot());
  for (int i = 0; i < 1000 && world.journal().Wanted() == WritePoint{}; ++i) {
    world.Append(i % assets, 1000);
    world.EndOfStep();
    world.Run(2);
  }
  return world.journal().stats().segments;
}

// A checkpoint costs an asset the same, whatever it has in the journal.
TEST(Journal, WantsTheOldestSegmentLaterTheMoreAssetsAreInIt) {
  EXPECT_EQ(SegmentsWhenWanted(1), 2u);
  EXPECT_EQ(SegmentsWhenWanted(3), 3u);
  EXPECT_EQ(SegmentsWhenWanted(5), 4u);  // Half of what may be.
}

TEST(Journal, FailsRatherThanGrowBeyondItsBound) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  for (int i = 0; i < 200 && world.journal().state() == Journal::State::kRunning; ++i) {
    world.Append(1, 3000);
    if (world.journal().state() == Journal::State::kRunning) world.EndOfStep();
    world.Run(2);
  }
  ASSERT_EQ(world.journal().state(), Journal::State::kFailed);
  EXPECT_EQ(*world.journal().Failure(), "journal: the journal is full: all 4 segments are needed");
  EXPECT_EQ(world.journal().Append(world.number(1), 1, {}), kNeverDurable);
}

TEST(Journal, ForgettingAnAssetGivesItsRecordsBack) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  FillWith(4, &world);
  world.journal().Forget(world.number(4));
  world.EndOfStep();
  world.RunAll();
  EXPECT_FALSE(world.journal().full());
  EXPECT_EQ(world.journal().stats().segments, 1u);
}

TEST(Journal, ALastRecordStandsForAllBeforeIt) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  FillWith(4, &world);
  const WritePoint last = world.journal().AppendLast(world.number(4), 0xe0);
  world.EndOfStep();
  world.RunAll();
  EXPECT_TRUE(world.journal().durable().Covers(last));
  EXPECT_FALSE(world.journal().full());
}

TEST(Journal, ForgetsRecoveredAssetsThatNobodyAttaches) {
  JournalOptions options = JournalWorld::SmallOptions();
  JournalWorld world(1, options);
  ASSERT_TRUE(world.Boot());
  while (world.journal().stats().segments < 3) {
    world.Append(4, 3000);
    world.EndOfStep();
    world.Run(2);
  }
  world.RunAll();
  world.Crash(CrashKind::kKill);
  ASSERT_TRUE(world.Replay());
  world.journal().Start();
  world.RunAll();
  EXPECT_EQ(world.journal().state(), Journal::State::kRunning);
  EXPECT_EQ(world.journal().stats().segments, 1u);
}

TEST(Journal, TakesRecordsUpToItsMaximum) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  const uint64_t most = world.journal().record_bytes_max();
  EXPECT_GT(most, 48u * 1024);
  world.Append(0, most);
  world.EndOfStep();
  world.RunAll();
  world.Append(1, most);
  world.EndOfStep();
  world.RunAll();
  world.Crash(CrashKind::kPowerLoss);
  ASSERT_TRUE(world.Boot());
  EXPECT_EQ(world.recovered(), 2u);
  ExpectNoViolation(world);
}

TEST(Journal, BatchNumbersGoUpOverRestartsAndAboveWhatTheOwnerKnows) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  const WritePoint first = world.journal().next_point();
  world.Crash(CrashKind::kKill);
  ASSERT_TRUE(world.Replay());
  const WritePoint known{uint64_t{1} << 40};
  world.journal().RaiseTo(known);
  ASSERT_TRUE(world.StartAll());
  EXPECT_GT(world.journal().next_point(), known);
  EXPECT_GT(world.journal().next_point(), first);
}

TEST(Journal, StopsWithEverythingDurableAndAWitness) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  world.Append(0, 100);
  world.EndOfStep();
  world.Append(1, 100);
  world.Stop();
  EXPECT_EQ(world.Files().back().batches.back().records, 0u);
  ASSERT_TRUE(world.Boot());
  EXPECT_EQ(world.recovered(), 2u);
  EXPECT_FALSE(world.journal().stats().torn_tail);
  ExpectNoViolation(world);
}

TEST(Journal, StopsInAnyState) {
  for (int completions = 0; completions < 60; ++completions) {
    JournalWorld world(1, JournalWorld::SmallOptions());
    ASSERT_TRUE(world.Boot());
    for (int i = 0; i < 20; ++i) {
      world.Append(i % 3, 3000);
      world.EndOfStep();
      world.RunAll();
    }
    world.Crash(CrashKind::kKill);
    world.StopAfter(completions);
    ASSERT_TRUE(world.Boot()) << completions << ": " << world.journal().Failure().value_or("?");
    EXPECT_EQ(world.recovered(), 20u);
    ExpectNoViolation(world);
  }
}

TEST(Journal, WritesAWitnessWhenItIsQuietAndOnlyOne) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  world.Append(0, 100);
  world.EndOfStep();
  world.RunAll();
  EXPECT_NE(world.journal().NextDeadline(), kNever);
  const uint64_t batches = world.journal().stats().batches;
  world.Wait();
  world.RunAll();
  EXPECT_EQ(world.journal().stats().batches, batches + 1);
  EXPECT_EQ(world.journal().NextDeadline(), kNever);
}

TEST(Journal, ConfigurationsMayChangeBetweenLives) {
  JournalOptions options = JournalWorld::SmallOptions();
  options.segments_max = 6;
  JournalWorld world(1, options);
  ASSERT_TRUE(world.Boot());
  while (world.journal().stats().segments < 5) {
    world.Append(1, 3000);
    world.EndOfStep();
    world.Run(2);
  }
  world.RunAll();
  world.Crash(CrashKind::kPowerLoss);
  options.segments_max = 3;
  options.access = Access::kWrite;
  options.segment_bytes = 128 * 1024;
  world.SetOptions(options);
  ASSERT_TRUE(world.Replay());
  EXPECT_EQ(world.recovered(), world.model().size());
  ExpectNoViolation(world);
  // More is live than the new bound allows: it is full until that is passed.
  ASSERT_TRUE(world.StartAll()) << world.journal().Failure().value_or("stuck");
  EXPECT_TRUE(world.journal().full());
  world.Pass(1);
  world.EndOfStep();
  world.RunAll();
  EXPECT_FALSE(world.journal().full());
  world.Append(1, 10'000);
  world.EndOfStep();
  world.RunAll();
  EXPECT_LE(world.disk().Files().size(), 4u);
  ExpectNoViolation(world);
}

// Wherever the last life ended: all its records are nobody's, so all segments are given back while
// the first batch of the next life is written.
TEST(Journal, StartsWhereverTheLastOneEnded) {
  for (int batches = 1; batches < 60; ++batches) {
    JournalWorld world(1, JournalWorld::SmallOptions());
    ASSERT_TRUE(world.Boot());
    for (int i = 0; i < batches && world.journal().state() == Journal::State::kRunning; ++i) {
      world.Append(4, 3000);  // Too much to be copied.
      world.EndOfStep();
      world.RunAll();
    }
    world.Crash(CrashKind::kKill);
    ASSERT_TRUE(world.Replay());
    world.journal().Start();
    world.RunAll();
    ASSERT_EQ(world.journal().state(), Journal::State::kRunning) << batches;
    EXPECT_EQ(world.journal().stats().segments, 1u) << batches;
  }
}

// All files are needed when it ends, and the last one cannot be written on.
TEST(Journal, StartsWhenEveryFileIsNeededAndNoneCanBeWrittenOn) {
  JournalOptions options = JournalWorld::SmallOptions();
  JournalWorld world(1, options);
  ASSERT_TRUE(world.Boot());
  while (!world.journal().full()) {
    world.Append(1, 3000);
    world.EndOfStep();
    world.Run(2);
  }
  world.RunAll();
  for (const Access access : {Access::kWrite, Access::kDurableWrites}) {
    world.Crash(CrashKind::kPowerLoss);
    options.access = access;
    world.SetOptions(options);
    ASSERT_TRUE(world.Boot()) << world.journal().Failure().value_or("stuck");
    EXPECT_TRUE(world.journal().full());
    world.RunAll();
  }
  world.Pass(1);
  world.EndOfStep();
  world.RunAll();
  EXPECT_FALSE(world.journal().full());
  ExpectNoViolation(world);
}

TEST(Journal, GoesOnInTheSameSegmentAfterARestart) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  for (int life = 0; life < 3; ++life) {
    ASSERT_TRUE(world.Boot());
    world.Append(0, 100);
    world.EndOfStep();
    world.RunAll();
    world.Crash(CrashKind::kKill);
  }
  EXPECT_EQ(world.Files().size(), 1u);
  ExpectNoViolation(world);
}

}  // namespace
}  // namespace dunlin::journal
