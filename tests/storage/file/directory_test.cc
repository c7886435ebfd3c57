// Directories as they are found: with files missing, too many, or not what the name says.
#include <gtest/gtest.h>

#include "storage/format/checksum_key.h"
#include "storage/format/record.h"
#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

using sim::CrashKind;

FileStoreOptions Blocks(uint64_t bytes) {
  FileStoreOptions options;
  options.limits.block_bytes = bytes;
  return options;
}

// Each message in a block of its own.
void PutInBlocks(FileWorld& world, int count, std::string_view header = "", int64_t ttl = 0) {
  for (int i = 0; i < count; ++i) world.Put("foo", "A", header, ttl);
  world.Settle();
  ASSERT_EQ(world.store().index().blocks.size(), static_cast<size_t>(count));
}

bool Exists(FileWorld& world, const std::string& path) {
  return world.driver.disk().Contents(path).has_value();
}

std::string Tombstone(uint32_t block, Seq seq, WallTime time) {
  std::string out;
  format::AppendTombstone(format::BlockChecksum("S", block), seq, time, &out);
  return out;
}

TEST(FileDirectory, FilesThatAreNoBlocksAreNotTakenForSome) {
  FileWorld world;
  world.Put("foo", "");
  const StreamState before = world.store().State();
  world.StopClean();
  world.driver.disk().Put("S/msgs/10.blk.random", "");
  world.driver.disk().Put("S/msgs/10.blk.tmp", "");
  world.driver.disk().Put("S/msgs/010.blk", "rubbish");
  world.Boot();
  EXPECT_EQ(world.store().State(), before);
  EXPECT_TRUE(world.notices.empty());
  EXPECT_FALSE(Exists(world, "S/msgs/10.blk.tmp"));
  world.ReopenWithoutIndexes();
  EXPECT_EQ(world.store().State(), before);
  EXPECT_EQ(world.Put("foo"), 2u);
}

TEST(FileDirectory, WithoutItsBlocksItIsAnEmptyOne) {
  FileWorld world;
  world.Put("test", "");
  world.StopClean();
  for (const std::string& name : world.Files()) world.driver.disk().Delete("S/msgs/" + name);
  world.Boot();
  const StreamState state = world.store().State();
  EXPECT_EQ(state.msgs, 0u);
  EXPECT_EQ(state.first_seq, 0u);
  EXPECT_EQ(state.last_seq, 0u);
}

TEST(FileDirectory, AMissingBlockTakesItsMessagesOnly) {
  FileWorld world(Blocks(33));
  PutInBlocks(world, 3);
  world.StopClean();
  world.driver.disk().Delete("S/msgs/2.blk");
  world.Boot();
  EXPECT_EQ(world.Load(1), "foo:1 A");
  EXPECT_EQ(world.Load(2), "deleted message");
  EXPECT_EQ(world.Load(3), "foo:3 A");
  EXPECT_EQ(world.store().State().msgs, 2u);
  EXPECT_EQ(world.store().State().num_deleted, 1u);
  EXPECT_EQ(world.Put("foo"), 4u);
}

// Killed after the tombstone of the last message was written to a new block, before the old one was
// removed: as the reference leaves it.
TEST(FileDirectory, ABlockWhoseMessagesAreAllGoneGoes) {
  FileWorld world(Blocks(33));
  world.Put("test", "");
  const WallTime time = world.store().State().last_time;
  world.StopClean();
  world.driver.disk().Put("S/msgs/2.blk", Tombstone(2, 1, time));
  world.Boot();
  const StreamState state = world.store().State();
  EXPECT_EQ(state.msgs, 0u);
  EXPECT_EQ(state.first_seq, 2u);
  EXPECT_EQ(state.last_seq, 1u);
  EXPECT_EQ(state.last_time, time);
  EXPECT_FALSE(Exists(world, "S/msgs/1.blk"));
  EXPECT_EQ(world.Put("test"), 2u);
}

// Killed after the tombstone of the first message was written, before anything followed from it:
// that was the only one left.
TEST(FileDirectory, ATombstoneForTheOnlyOneLeftMovesTheFirstPastAll) {
  FileWorld world(Blocks(10 * 33));
  for (int i = 0; i < 50; ++i) world.Put("foo", "");
  for (Seq seq = 2; seq <= 49; ++seq) ASSERT_TRUE(world.Remove(seq));
  for (int i = 0; i < 50; ++i) world.Put("foo", "");
  for (Seq seq = 50; seq <= 100; ++seq) ASSERT_TRUE(world.Remove(seq));
  StreamState state = world.store().State();
  EXPECT_EQ(state.msgs, 1u);
  EXPECT_EQ(state.first_seq, 1u);
  world.StopClean();
  const std::string last = world.BlockFiles().back();
  const auto number = static_cast<uint32_t>(std::stoul(last));
  world.driver.disk().Put("S/msgs/" + last, world.Bytes(last) + Tombstone(number, 1, WallTime{}));
  for (const std::string& name : world.Files()) {
    if (name.ends_with(".db")) world.driver.disk().Delete("S/msgs/" + name);
  }
  world.Boot();
  state.msgs = state.bytes = state.num_subjects = state.num_deleted = 0;
  state.first_seq = 101;
  state.first_time = {};
  EXPECT_EQ(world.store().State(), state);
}

TEST(FileDirectory, ABlockOfTombstonesOnlyIsPartOfIt) {
  FileWorld world(Blocks(33 * 4));
  for (int i = 0; i < 4; ++i) world.Put("foo", "");
  ASSERT_TRUE(world.Remove(2));
  ASSERT_TRUE(world.Remove(3));
  world.Settle();
  ASSERT_EQ(world.store().index().blocks.size(), 2u);
  const StreamState state = world.store().State();
  EXPECT_EQ(state.msgs, 2u);
  EXPECT_EQ(state.num_deleted, 2u);
  world.Reopen();
  EXPECT_EQ(world.store().State(), state);
  world.ReopenWithoutIndexes();
  EXPECT_EQ(world.store().State(), state);
  ASSERT_TRUE(world.Remove(1));
  EXPECT_EQ(world.store().State().first_seq, 4u);
}

TEST(FileDirectory, OpensWithAnotherBlockSize) {
  FileWorld world(Blocks(250));
  for (int i = 1; i <= 10; ++i) world.Put("foo." + std::to_string(i), "abc");
  for (const Seq seq : {1, 2, 8}) ASSERT_TRUE(world.Remove(seq));
  world.Checkpoint();
  const StreamState state = world.store().State();
  EXPECT_EQ(state.first_seq, 3u);
  EXPECT_EQ(state.last_seq, 10u);
  EXPECT_EQ(state.msgs, 7u);
  world.options.limits.block_bytes = 0;
  world.ReopenWithoutIndexes();
  EXPECT_EQ(world.store().State(), state);
}

// The last block says that it has the sequences of the first one, and the one between is missing.
TEST(FileDirectory, BlocksThatContradictEachOtherAreReportedAndExpire) {
  FileStoreOptions options = Blocks(80);
  options.config.allow_msg_ttl = true;
  FileWorld world(options);
  const std::string_view header = "NATS/1.0\r\nNats-TTL: 1\r\n\r\n";
  PutInBlocks(world, 3, header, 1);
  world.StopClean();
  std::string again;
  format::AppendMessage(format::BlockChecksum("S", 3), 1, world.now().wall, "foo", header, "A",
                        &again);
  world.driver.disk().Put("S/msgs/3.blk", again);
  world.driver.disk().Delete("S/msgs/2.blk");
  world.Boot();
  EXPECT_EQ(world.notices.size(), 1u);
  EXPECT_EQ(world.store().Failure(), std::nullopt);
  world.driver.Advance(Seconds(5));
  world.Due();
  EXPECT_EQ(world.store().State().msgs, 0u);
}

TEST(FileDirectory, KnowsAgainWhichMessagesHaveATimeToLive) {
  FileStoreOptions options;
  options.config.allow_msg_ttl = true;
  FileWorld world(options);
  world.Put("foo", "", "NATS/1.0\r\nNats-TTL: 5\r\n\r\n", 5);
  world.Put("foo");
  EXPECT_EQ(world.store().index().blocks[0]->ttls, 1u);
  world.ReopenWithoutIndexes();
  EXPECT_EQ(world.store().index().blocks[0]->ttls, 1u);
  world.driver.Advance(Seconds(6));
  world.Due();
  EXPECT_EQ(world.store().State().msgs, 1u);
}

// What the reference leaves when it is killed in the middle of a purge.
TEST(FileDirectory, WhatAPurgeThatWasCutOffLeftGoes) {
  FileWorld world(Blocks(330));
  for (int i = 0; i < 20; ++i) world.Put("foo", "");
  EXPECT_EQ(world.Purge(), 20u);
  const StreamState state = world.store().State();
  world.StopClean();
  world.driver.disk().Put("S/__msgs__/1.blk", "purged");
  world.driver.disk().Put("S/__msgs__/2.blk", "purged");
  world.Boot();
  EXPECT_EQ(world.store().State(), state);
  EXPECT_EQ(world.BlockFiles().size(), 1u);
  EXPECT_FALSE(Exists(world, "S/__msgs__/1.blk"));
  EXPECT_FALSE(Exists(world, "S/__msgs__/2.blk"));
  EXPECT_TRUE(world.notices.empty());
}

// Likewise, before the new directory had taken the old one's place: it is decided once it holds a
// block.
TEST(FileDirectory, APurgeThatWasDecidedIsFinished) {
  for (const bool decided : {true, false}) {
    FileWorld world(Blocks(330));
    for (int i = 0; i < 20; ++i) world.Put("foo", "");
    world.StopClean();
    const auto dir = [&](const char* name) { return std::string("S/__new_msgs__/") + name; };
    world.driver.disk().Put(dir(decided ? "3.blk" : "rest"), Tombstone(3, 20, world.now().wall));
    world.Boot();
    const StreamState state = world.store().State();
    EXPECT_EQ(state.msgs, decided ? 0u : 20u);
    EXPECT_EQ(state.first_seq, decided ? 21u : 1u);
    EXPECT_EQ(state.last_seq, 20u);
    EXPECT_FALSE(Exists(world, dir("3.blk")));
    EXPECT_FALSE(Exists(world, dir("rest")));
    EXPECT_TRUE(world.notices.empty());
    EXPECT_EQ(world.Put("foo"), 21u);
    world.Settle();
    world.Crash(sim::CrashKind::kPowerLoss);
    EXPECT_EQ(world.store().State().last_seq, 21u);
  }
}

TEST(FileDirectory, APurgeLeavesOneBlockAndItsState) {
  FileWorld world(Blocks(64 << 10));
  const std::string payload(8 << 10, '0');
  for (int round = 1; round <= 2; ++round) {
    for (int i = 0; i < 100; ++i) world.Put("foo", payload);
    world.Settle();
    EXPECT_EQ(world.store().State().bytes, 100 * FileMsgBytes(3, 0, payload.size()));
    EXPECT_GT(world.BlockFiles().size(), 12u);
    EXPECT_EQ(world.Purge(), 100u);
    world.Checkpoint();
    const auto expect = [&] {
      const StreamState state = world.store().State();
      EXPECT_EQ(state.msgs, 0u);
      EXPECT_EQ(state.bytes, 0u);
      EXPECT_EQ(state.last_seq, 100u * round);
      EXPECT_EQ(state.first_seq, 100u * round + 1);
      EXPECT_EQ(world.BlockFiles().size(), 1u);
    };
    expect();
    world.Reopen();
    expect();
  }
}

// --- Gaps between sequences that are far from each other.

constexpr Seq kFar = uint64_t{1} << 40;

std::string Message(uint32_t block, Seq seq) {
  std::string out;
  format::AppendMessage(format::BlockChecksum("S", block), seq, WallTime{1'000'000'000}, "far", "",
                        "x", &out);
  return out;
}

std::string Skipped(uint32_t block, Seq seq) {
  std::string out(format::kEmptyRecordBytes, '\0');
  format::EncodeSkipped(format::BlockChecksum("S", block), seq, WallTime{1'000'000'000},
                        reinterpret_cast<uint8_t*>(out.data()));
  return out;
}

// A world with these blocks, 1.blk first.
void BootWith(FileWorld& world, const std::vector<std::string>& blocks) {
  world.StopClean();
  uint32_t number = 0;
  for (const std::string& bytes : blocks)
    world.driver.disk().Put("S/msgs/" + std::to_string(++number) + ".blk", bytes);
  world.Boot();
}

// It goes on behind 'last', is the same after a start, and no gap takes memory.
void ExpectCheap(FileWorld& world, Seq last) {
  EXPECT_EQ(world.store().State().last_seq, last);
  EXPECT_EQ(world.Put("far", "next"), last + 1);
  const auto expect_small = [&] {
    for (const auto& block : world.store().index().blocks) EXPECT_LE(block->deleted.nodes(), 64u);
  };
  expect_small();
  for (const CrashKind kind : {CrashKind::kKill, CrashKind::kPowerLoss}) {
    const StreamState before = world.store().State();
    const std::vector<SeqRange> deleted = world.store().Deleted();
    world.Settle();
    world.Crash(kind);
    EXPECT_EQ(world.store().State(), before);
    world.ReopenWithoutIndexes();
    EXPECT_EQ(world.store().State(), before);
    EXPECT_EQ(world.store().Deleted(), deleted);
    EXPECT_EQ(world.Load(last + 1), "far:" + std::to_string(last + 1) + " next");
    expect_small();
  }
}

// The reference writes that when all before the gap is dead, and so reads it.
TEST(FileDirectory, AGapBehindDeadMessagesMayBeOfAnySize) {
  FileWorld world;
  BootWith(world, {Message(1, 1) + Message(1, 2) + Tombstone(1, 1, {}) + Tombstone(1, 2, {}) +
                   Skipped(1, kFar - 1) + Message(1, kFar)});
  EXPECT_EQ(world.notices, std::vector<std::string>{});
  EXPECT_EQ(world.Load(kFar), "far:" + std::to_string(kFar) + " x");
  EXPECT_EQ(world.store().State().first_seq, kFar);
  ExpectCheap(world, kFar);
}

TEST(FileDirectory, AGapThatNobodyWritesCostsWhatIsBeforeIt) {
  for (const bool skipped : {false, true}) {
    FileWorld world;
    BootWith(world, {Message(1, 1), Message(2, 2) + Message(2, 2) + Message(2, 5) +
                                        (skipped ? Skipped(2, kFar) : Message(2, kFar)) +
                                        Message(2, kFar + 1)});
    ASSERT_EQ(world.notices.size(), 1u);
    EXPECT_EQ(world.notices[0],
              "stream 'S', block 2, offset 102: sequence 1099511627776 is too far above 5, "
              "messages 2 to 5 are lost");
    EXPECT_EQ(world.Load(1), "far:1 x");
    EXPECT_NE(world.Load(5), "far:5 x");
    EXPECT_EQ(world.Load(kFar + 1), "far:" + std::to_string(kFar + 1) + " x");
    EXPECT_EQ(world.store().State().msgs, skipped ? 2u : 3u);
    EXPECT_EQ(TotalsOf(&world.store(), "far")[0].second, skipped ? 2u : 3u);
    ExpectCheap(world, kFar + 1);
  }
}

TEST(FileDirectory, ATombstoneMaySayThatTheLastSequenceIsFarAway) {
  FileWorld world;
  BootWith(world, {Message(1, 1) + Message(1, 2) + Tombstone(1, kFar, {})});
  EXPECT_EQ(world.notices, std::vector<std::string>{});
  EXPECT_EQ(world.store().State().msgs, 2u);
  ExpectCheap(world, kFar);
}

TEST(FileDirectory, ATruncationIntoAGapLeavesNoneInABlock) {
  FileWorld world;
  for (int i = 0; i < 3; ++i) world.Put("far", "x");
  ASSERT_TRUE(world.store().Skip(world.now(), 0, kFar, StreamStore::SkipTime::kKeep).ok());
  world.Put("far", "x");
  Truncate truncate;
  truncate.seq = kFar - 10;
  ASSERT_TRUE(world.Run(truncate));
  world.ReopenWithoutIndexes();
  ExpectCheap(world, kFar - 10);
}

}  // namespace
}  // namespace dunlin::file
