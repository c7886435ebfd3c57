// A disk that fails while the journal runs.
#include <gtest/gtest.h>

#include "tests/storage/journal/journal_world.h"

namespace dunlin::journal {
namespace {

using sim::CrashKind;

void ExpectNoViolation(const JournalWorld& world) {
  for (const std::string& what : world.violations()) ADD_FAILURE() << what;
}

// Goes on until the journal fails; appends a step at a time.
void RunUntilItFails(JournalWorld* world) {
  for (int i = 0; i < 300 && world->journal().state() == Journal::State::kRunning; ++i) {
    if (!world->journal().full()) world->Append(i % 3, 500);
    world->EndOfStep();
    world->Run(1);
    if (i % 10 == 9) world->Wait();
  }
  world->RunAll();
}

void FailsForGood(const JournalOptions& options, const sim::DiskFaults& faults,
                  const std::string& what) {
  JournalWorld world(3, options);
  ASSERT_TRUE(world.Boot());
  world.Append(0, 100);
  world.EndOfStep();
  world.RunAll();
  world.disk().SetFaults(faults);
  RunUntilItFails(&world);
  ASSERT_EQ(world.journal().state(), Journal::State::kFailed);
  EXPECT_NE(world.journal().Failure()->find(what), std::string::npos) << *world.journal().Failure();
  EXPECT_TRUE(world.journal().full());
  // The disk is well again; the journal is not.
  world.disk().SetFaults({});
  const WritePoint durable = world.journal().durable().through();
  EXPECT_EQ(world.journal().Append(world.number(0), 1, {}), kNeverDurable);
  world.journal().EndOfBatch(world.driver().now().mono);
  world.RunAll();
  EXPECT_EQ(world.journal().durable().through(), durable);
  EXPECT_FALSE(world.journal().durable().Covers(kNeverDurable));
  // Everything promised is found by opening anew.
  world.Crash(CrashKind::kPowerLoss);
  ASSERT_TRUE(world.Boot());
  ExpectNoViolation(world);
}

JournalOptions Buffered() {
  JournalOptions options = JournalWorld::SmallOptions();
  options.access = Access::kWrite;
  return options;
}

// One operation of the kind fails.
sim::DiskFaults Once(sim::FaultRate sim::DiskFaults::*kind, uint32_t per_million = 300'000) {
  sim::DiskFaults faults;
  faults.*kind = {per_million, 1};
  return faults;
}
constexpr auto kWrite = &sim::DiskFaults::write_error;
constexpr auto kSync = &sim::DiskFaults::sync_error;

TEST(JournalFault, AWriteThatFailsEndsAllPromises) {
  FailsForGood(JournalWorld::SmallOptions(), Once(kWrite), "writing to jetstream/");
  FailsForGood(Buffered(), Once(kWrite), "writing to jetstream/");
}

TEST(JournalFault, ADurableWriteThatIsNotEndsAllPromises) {
  FailsForGood(JournalWorld::SmallOptions(), Once(kSync), "jetstream/journal/");
}

TEST(JournalFault, ASyncThatFailsEndsAllPromises) { FailsForGood(Buffered(), Once(kSync), "sync"); }

TEST(JournalFault, ASyncThatFailsLaterEndsAllPromisesToo) {
  JournalOptions options = Buffered();
  options.sync = JournalOptions::Sync::kInterval;
  options.sync_interval = Millis(5);
  FailsForGood(options, Once(kSync), "sync");
}

TEST(JournalFault, StopsAfterAFailure) {
  JournalWorld world(3, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  world.disk().SetFaults(Once(kWrite, 1'000'000));
  world.Append(0, 100);
  world.EndOfStep();
  world.RunAll();
  ASSERT_EQ(world.journal().state(), Journal::State::kFailed);
  world.journal().Stop();
  world.RunAll();
  EXPECT_EQ(world.journal().state(), Journal::State::kClosed);
}

TEST(JournalFault, OnAFullDiskItGetsFullAndDoesNotFail) {
  sim::SimDiskOptions disk;
  disk.capacity_bytes = 150 * 1024;  // Two segments.
  JournalWorld world(3, JournalWorld::SmallOptions(), disk);
  ASSERT_TRUE(world.Boot());
  for (int i = 0; i < 400; ++i) {
    if (!world.journal().full()) world.Append(1, 2000);
    world.EndOfStep();
    world.Run(1);
  }
  EXPECT_EQ(world.journal().state(), Journal::State::kRunning) << *world.journal().Failure();
  EXPECT_TRUE(world.journal().full());
  world.RunAll();
  world.disk().SetCapacity(UINT64_MAX);
  world.EndOfStep();
  world.Wait();
  world.RunAll();
  EXPECT_FALSE(world.journal().full());
  for (const JournalWorld::Record& record : world.model()) EXPECT_TRUE(record.promised);
  ExpectNoViolation(world);
}

void FillUp(JournalWorld* world) {
  while (!world->journal().full()) {
    world->Append(1, 3000);
    world->EndOfStep();
    world->RunAll();
  }
}

// What makes room cannot be stopped at once. It waits, as it does for any other segment.
TEST(JournalFault, WhatIsAppendedOnAFullDiskWaitsForRoom) {
  sim::SimDiskOptions disk;
  disk.capacity_bytes = 100 * 1024;  // One segment.
  JournalWorld world(3, JournalWorld::SmallOptions(), disk);
  ASSERT_TRUE(world.Boot());
  for (int i = 0; i < 50; ++i) {
    world.Append(1, 2000);
    world.EndOfStep();
    world.RunAll();
  }
  ASSERT_EQ(world.journal().state(), Journal::State::kRunning) << *world.journal().Failure();
  EXPECT_TRUE(world.journal().full());
  EXPECT_TRUE(world.journal().stuck());
  EXPECT_FALSE(world.model().back().promised);
  world.disk().SetCapacity(UINT64_MAX);
  world.Wait();
  world.RunAll();
  EXPECT_FALSE(world.journal().full());
  for (const JournalWorld::Record& record : world.model()) EXPECT_TRUE(record.promised);
  ExpectNoViolation(world);
}

// It need not wait until the disk is asked again.
TEST(JournalFault, ADiskThatHasRoomAgainFailsNothing) {
  sim::SimDiskOptions disk;
  disk.capacity_bytes = 100 * 1024;
  JournalWorld world(3, JournalWorld::SmallOptions(), disk);
  ASSERT_TRUE(world.Boot());
  FillUp(&world);
  world.disk().SetCapacity(UINT64_MAX);
  for (int i = 0; i < 20; ++i) world.Append(1, 2000);
  world.EndOfStep();
  world.journal().Stop();
  world.RunAll();
  EXPECT_EQ(world.journal().state(), Journal::State::kClosed);
  for (const JournalWorld::Record& record : world.model()) EXPECT_TRUE(record.promised);
  ExpectNoViolation(world);
}

// Only what lies ahead of the batches is zeroed. That more cannot be is not the tail's fault.
TEST(JournalFault, ATailThatCannotGetLongerWaitsForRoom) {
  for (const Access access : {Access::kDurableWrites, Access::kWrite}) {
    JournalOptions options = JournalWorld::SmallOptions();
    options.access = access;
    JournalWorld world(3, options);
    ASSERT_TRUE(world.Boot());
    world.RunAll();
    world.disk().SetCapacity(0);
    for (int i = 0; i < 20; ++i) {
      world.Append(1, 3000);
      world.EndOfStep();
      world.RunAll();
    }
    ASSERT_EQ(world.journal().state(), Journal::State::kRunning) << *world.journal().Failure();
    EXPECT_TRUE(world.journal().full());
    EXPECT_TRUE(world.journal().stuck());
    EXPECT_TRUE(world.model()[3].promised);
    EXPECT_FALSE(world.model().back().promised);
    world.disk().SetCapacity(UINT64_MAX);
    world.Wait();
    world.RunAll();
    for (const JournalWorld::Record& record : world.model()) EXPECT_TRUE(record.promised);
    ExpectNoViolation(world);
  }
}

// A tail of which more than half is used, so that another file would be made.
void FillMoreThanHalf(JournalWorld* world) {
  for (int i = 0; i < 10; ++i) {
    world->Append(1, 3000);
    world->EndOfStep();
    world->RunAll();
  }
}

TEST(JournalFault, OnAFullDiskItStartsInWhatItHas) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    JournalWorld world(seed, JournalWorld::SmallOptions());
    ASSERT_TRUE(world.Boot());
    FillMoreThanHalf(&world);
    world.Crash(sim::CrashKind::kKill);
    world.disk().Delete("jetstream/journal/1.seg");
    world.disk().SetCapacity(0);
    ASSERT_TRUE(world.Boot()) << *world.journal().Failure();
    ExpectNoViolation(world);
  }
}

TEST(JournalFault, OnAFullDiskItStopsInWhatItHas) {
  JournalOptions options = JournalWorld::SmallOptions();
  options.sync = JournalOptions::Sync::kInterval;
  options.access = Access::kWrite;
  sim::SimDiskOptions disk;
  disk.capacity_bytes = 100 * 1024;  // One segment.
  JournalWorld world(3, options, disk);
  ASSERT_TRUE(world.Boot());
  FillMoreThanHalf(&world);
  EXPECT_TRUE(world.journal().full());
  world.Append(1, 100);
  world.EndOfStep();
  world.Stop();
  ASSERT_TRUE(world.Boot());
  EXPECT_EQ(world.recovered(), 11u);
  ExpectNoViolation(world);
}

// Each start takes a block of it, and the last one makes one file more.
TEST(JournalFault, AFullJournalStartsAsOftenAsItMust) {
  JournalWorld world(3, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  FillUp(&world);
  for (int i = 0; i < 40; ++i) {
    world.Crash(sim::CrashKind::kKill);
    ASSERT_TRUE(world.Boot()) << i << ": " << *world.journal().Failure();
  }
  world.Pass(1);
  world.EndOfStep();
  world.RunAll();
  EXPECT_FALSE(world.journal().full());
  ExpectNoViolation(world);
}

// The last block of the last segment is not for a witness that nobody needs.
TEST(JournalFault, AFullJournalMayBeQuiet) {
  JournalWorld world(3, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  FillUp(&world);
  const auto left = [&] {
    return JournalWorld::SmallOptions().segment_bytes - world.Files().back().batches.back().end;
  };
  while (left() > 4096) {
    world.Append(1, 100);
    world.EndOfStep();
    world.RunAll();
  }
  ASSERT_EQ(left(), 4096u);
  world.Wait();
  world.RunAll();
  ASSERT_EQ(world.journal().state(), Journal::State::kRunning) << *world.journal().Failure();
  world.Stop();
  ASSERT_TRUE(world.Boot());
  ExpectNoViolation(world);
}

// A segment that nobody needs is not given back while something is still to be written there.
TEST(JournalFault, WhatIsNotWrittenYetKeepsItsSegment) {
  JournalWorld world(3, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  world.RunAll();
  world.Append(1, 3000);
  world.EndOfStep();  // In flight.
  world.Append(2, 100);
  world.Append(3, 50'000);  // Goes to the next segment.
  world.journal().Forget(world.number(1));
  world.journal().Forget(world.number(2));
  world.EndOfStep();
  world.Append(4, 20'000);  // And to one more.
  world.EndOfStep();
  world.RunAll();
  EXPECT_TRUE(world.model().back().promised);
  ExpectNoViolation(world);
}

TEST(JournalFault, WithoutRoomForOneSegmentItDoesNotStart) {
  sim::SimDiskOptions disk;
  disk.capacity_bytes = 40 * 1024;
  JournalWorld world(3, JournalWorld::SmallOptions(), disk);
  EXPECT_FALSE(world.Boot());
  ASSERT_TRUE(world.journal().Failure());
  EXPECT_EQ(*world.journal().Failure(),
            "journal: no space left on device: a segment needs 65536 bytes");
}

}  // namespace
}  // namespace dunlin::journal
