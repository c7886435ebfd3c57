// A disk that fails, is full, or may not be written: who is told what, and what is left.
#include <gtest/gtest.h>

#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

using sim::CrashKind;

FileStoreOptions Eager(uint64_t block_bytes = 1000) {
  FileStoreOptions options;
  options.limits.block_bytes = block_bytes;
  options.limits.writer.write_bytes_min = 1;
  return options;
}

sim::DiskFaults Every(sim::FaultRate sim::DiskFaults::*kind) {
  sim::DiskFaults faults;
  faults.*kind = {1'000'000, UINT32_MAX};
  return faults;
}

StoreError Put(FileWorld& world, std::string_view payload) {
  return world.store().Store(world.now(), "a", "", payload, 0).error;
}

// Everything that was stored before is there once the disk is well again.
void ExpectAllAfterARestart(FileWorld& world, Seq last) {
  world.driver.disk().SetFaults({});
  world.driver.disk().SetCapacity(UINT64_MAX);
  world.Crash(CrashKind::kKill);
  EXPECT_EQ(world.store().State().last_seq, last);
  EXPECT_EQ(world.store().State().msgs, last);
  for (Seq seq = 1; seq <= last; ++seq) {
    EXPECT_EQ(world.Load(seq).substr(0, 2), "a:") << seq;
  }
  EXPECT_EQ(world.Put("a"), last + 1);
}

TEST(FileFailure, AWriteThatFailsEndsAllStoring) {
  FileWorld world(Eager());
  world.Put("a", "one");
  world.Settle();
  world.driver.disk().SetFaults(Every(&sim::DiskFaults::write_error));
  world.Put("a", "two");  // Decided; whether it is durable is the journal's to say.
  world.Settle();
  ASSERT_TRUE(world.store().Failure());
  EXPECT_TRUE(world.store().Failure()->starts_with("stream 'S', msgs/1.blk, offset "))
      << *world.store().Failure();
  const StreamState state = world.store().State();
  EXPECT_EQ(Put(world, "three"), StoreError::kFailed);
  EXPECT_EQ(world.store().Remove(world.now(), 1).error, StoreError::kFailed);
  EXPECT_EQ(world.store().State(), state);
  EXPECT_EQ(world.Load(1), "a:1 one");
  ExpectAllAfterARestart(world, 2);
}

TEST(FileFailure, AFullDiskEndsStoringAndLosesNothing) {
  FileWorld world(Eager());
  world.driver.disk().SetCapacity(32 << 10);
  Seq last = 0;
  for (int i = 0; i < 1000 && !world.store().Failure(); ++i) {
    last = world.Put("a", "Hello Write Failures!");
    world.Settle();
  }
  ASSERT_TRUE(world.store().Failure());
  EXPECT_NE(world.store().Failure()->find("no space left on device"), std::string::npos)
      << *world.store().Failure();
  const StreamState state = world.store().State();
  EXPECT_EQ(state.last_seq, last);
  EXPECT_EQ(state.msgs, last);
  EXPECT_EQ(Put(world, "Hello Write Failures!"), StoreError::kFailed);
  EXPECT_EQ(world.store().State(), state);
  EXPECT_EQ(world.Load(1), "a:1 Hello Write Failures!");
  EXPECT_EQ(world.Load(last + 1), "stream store EOF");
  ExpectAllAfterARestart(world, last);
}

// What a purge gives back can be used again.
TEST(FileFailure, APurgeMakesRoomOnAFullDisk) {
  FileWorld world(Eager(4000));
  world.driver.disk().SetCapacity(64 << 10);
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 12; ++i) world.Put("a", std::string(3000, 'x'));
    world.Settle();
    ASSERT_EQ(world.store().Failure(), std::nullopt) << round;
    EXPECT_EQ(world.Purge(), 12u);
    world.Checkpoint();
    ASSERT_EQ(world.store().Failure(), std::nullopt) << round;
  }
}

// However many blocks wait for a checkpoint, their files are not all open.
TEST(FileFailure, FewFilesAreOpenHoweverManyBlocksAreNotSynced) {
  const auto files_max = static_cast<uint32_t>(BlockWriter::Limits{}.files_max);
  for (const bool at_once : {false, true}) {
    FileWorld world(Eager(), 1, {.timing = {}, .faults = {}, .open_files_max = files_max + 1});
    for (int i = 0; i < 100; ++i) {
      world.Put("a", std::string(500, 'x'));
      if (!at_once) world.Settle();
    }
    world.Settle();
    ASSERT_EQ(world.store().Failure(), std::nullopt);
    EXPECT_GE(world.BlockFiles().size(), 50u);
    ASSERT_EQ(world.store().index().blocks.front()->life, BlockLife::kSealed);  // No checkpoint.
    world.Checkpoint();
    ASSERT_EQ(world.store().Failure(), std::nullopt);
    ExpectAllAfterARestart(world, 100);
  }
}

// A directory that somebody else wrote is synced by the first checkpoint, block by block.
TEST(FileFailure, FewFilesAreOpenWhenAllBlocksAreToBeSynced) {
  FileWorld world(Eager());
  for (int i = 0; i < 100; ++i) world.Put("a", std::string(500, 'x'));
  world.StopClean();
  world.driver.disk().SetOpenFilesMax(static_cast<uint32_t>(BlockWriter::Limits{}.files_max) + 1);
  world.Boot();
  ExpectAllAfterARestart(world, 100);
}

// What could not be written is told to who has the file open: it must be asked before it is closed.
TEST(FileFailure, ASyncThatFailsBeforeAFileIsClosedIsSaid) {
  FileWorld world(Eager());
  world.Put("a", "one");
  world.driver.disk().SetFaults(Every(&sim::DiskFaults::sync_error));
  Seq last = 1;
  for (int i = 0; i < 100 && !world.store().Failure(); ++i) {
    last = world.Put("a", std::string(500, 'x'));
    world.Settle();
  }
  ASSERT_TRUE(world.store().Failure());
  EXPECT_NE(world.store().Failure()->find(": sync: "), std::string::npos)
      << *world.store().Failure();
  ExpectAllAfterARestart(world, last);
}

TEST(FileFailure, ACheckpointThatCannotBeWrittenIsSaid) {
  FileWorld world(Eager());
  world.Put("a", "one");
  world.Settle();
  world.driver.disk().SetFaults(Every(&sim::DiskFaults::space_error));
  world.Checkpoint();
  ASSERT_TRUE(world.store().Failure());
  EXPECT_NE(world.store().Failure()->find("checkpoint"), std::string::npos)
      << *world.store().Failure();
  EXPECT_EQ(Put(world, "two"), StoreError::kFailed);
  ExpectAllAfterARestart(world, 1);
}

TEST(FileFailure, ADirectoryThatMayNotBeWrittenIsSaid) {
  for (const bool at_a_checkpoint : {false, true}) {
    FileWorld world(Eager());
    Seq last = world.Put("a", "one");
    world.Settle();
    world.driver.disk().SetReadOnly(true);
    if (at_a_checkpoint) world.Checkpoint();
    for (int i = 0; i < 100 && !world.store().Failure(); ++i) {
      last = world.Put("a", std::string(1024, 'Z'));
      world.Settle();
    }
    ASSERT_TRUE(world.store().Failure());
    EXPECT_NE(world.store().Failure()->find("permission denied"), std::string::npos)
        << *world.store().Failure();
    EXPECT_EQ(Put(world, "two"), StoreError::kFailed);
    EXPECT_EQ(world.Load(1), "a:1 one");
    world.driver.disk().SetReadOnly(false);
    ExpectAllAfterARestart(world, last);
  }
}

// reference: a failed read once disabled all writing for good.
TEST(FileFailure, AReadThatFailsEndsNothing) {
  FileStoreOptions options = Eager();
  options.limits.reader.cache_bytes_max = 0;
  FileWorld world(options);
  for (int i = 0; i < 100; ++i) world.Put("a", std::string(50, 'x'));
  world.Settle();
  world.Load(100);
  world.Settle();  // Only the block that was asked for last is in memory.
  world.driver.disk().SetFaults(Every(&sim::DiskFaults::read_error));
  LoadMsg load;
  load.seq = 1;
  EXPECT_FALSE(world.Run(load));
  EXPECT_EQ(load.error, StoreError::kFailed);
  EXPECT_TRUE(load.detail.starts_with("stream 'S', block 1, offset 0: read: ")) << load.detail;
  EXPECT_EQ(world.store().Failure(), std::nullopt);
  EXPECT_EQ(world.Put("a"), 101u);
  world.driver.disk().SetFaults({});
  EXPECT_EQ(world.Load(1).substr(0, 4), "a:1 ");
  EXPECT_EQ(world.Put("a"), 102u);
}

TEST(FileFailure, ADamagedBlockEndsNothing) {
  FileStoreOptions options = Eager();
  options.config.max_msgs_per_subject = 50;
  FileWorld world(options);
  for (int i = 0; i < 50; ++i) world.Put("a", std::string(50, 'x'));
  world.StopClean();
  for (const uint64_t offset : {10, 600}) world.driver.disk().Rot("S/msgs/1.blk", offset, 5);
  world.Boot();
  EXPECT_FALSE(world.notices.empty());
  // The oldest of the subject lies in what is damaged, and has to be looked for.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Put(world, "again"), StoreError::kNone);
  world.Settle();
  EXPECT_EQ(world.store().Failure(), std::nullopt);
  EXPECT_EQ(world.store().State().last_seq, 70u);
  EXPECT_EQ(world.Load(70), "a:70 again");
}

}  // namespace
}  // namespace dunlin::file
