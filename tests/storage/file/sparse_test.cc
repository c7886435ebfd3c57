// Blocks that have become mostly holes are written anew, once, and nothing is lost by it.
#include <gtest/gtest.h>

#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

using sim::CrashKind;

// Ten messages of Record("a") to a block.
const std::string kPayload(69, 'x');
constexpr uint64_t kRecordBytes = 100;

FileStoreOptions TenToABlock() {
  FileStoreOptions options;
  options.limits.block_bytes = 10 * kRecordBytes;
  return options;
}

void PutMany(FileWorld& world, int count) {
  for (int i = 0; i < count; ++i) world.Put("a", kPayload);
}

TEST(FileSparse, ABlockIsWrittenAnewWhenMoreThanHalfOfItIsGone) {
  FileWorld world(TenToABlock());
  PutMany(world, 15);
  for (Seq seq = 6; seq <= 10; ++seq) world.Remove(seq);
  world.Checkpoint();
  EXPECT_EQ(world.Bytes("1.blk").size(), 10 * kRecordBytes);
  world.Remove(5);
  world.Checkpoint();
  EXPECT_EQ(world.Bytes("1.blk").size(), 4 * kRecordBytes);
  // The tombstones lie in the second one, which is no reason to write that anew.
  EXPECT_EQ(world.Bytes("2.blk").size(), 5 * kRecordBytes + 6 * format::kEmptyRecordBytes);
  EXPECT_EQ(world.Load(4), "a:4 " + kPayload);
  EXPECT_EQ(world.Load(11), "a:11 " + kPayload);
}

TEST(FileSparse, WhatWasWrittenAnewIsSynced) {
  FileWorld world(TenToABlock());
  PutMany(world, 25);
  world.Checkpoint();
  for (Seq seq = 2; seq <= 8; ++seq) world.Remove(seq);
  world.Checkpoint();
  ASSERT_EQ(world.Bytes("1.blk").size(), 3 * kRecordBytes);
  EXPECT_EQ(world.driver.disk().Durable("S/msgs/1.blk"), world.Bytes("1.blk"));
  const StreamState before = world.store().State();
  world.Crash(CrashKind::kPowerLoss);
  EXPECT_EQ(world.store().State(), before);
  EXPECT_TRUE(world.notices.empty());
}

// Else the rest of it would pass for all that there was.
TEST(FileSparse, ABlockThatRotsWhileItRunsIsSpokenOfAndNotWrittenAnew) {
  FileStoreOptions options = TenToABlock();
  options.limits.reader.cache_bytes_max = 0;
  options.limits.reader.pieces_max = 0;
  FileWorld world(options);
  PutMany(world, 25);
  world.Checkpoint();
  std::string bytes = world.Bytes("1.blk");
  bytes.replace(6 * kRecordBytes + 50, 200, 200, 'r');  // Of messages 7 to 9.
  world.driver.disk().Put("S/msgs/1.blk", bytes);
  StoreConfig config = world.options.config;
  config.compression = StoreCompression::kS2;
  ASSERT_TRUE(world.store().UpdateConfig(world.now(), config).ok());
  world.Checkpoint();
  EXPECT_EQ(world.Bytes("1.blk").size(), 10 * kRecordBytes);
  EXPECT_LT(world.Bytes("2.blk").size(), 10 * kRecordBytes);
  const std::vector<std::string> notices = world.store().TakeNotices();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_TRUE(notices[0].starts_with("stream 'S', block 1, offset 600: it is damaged: "));
  for (const Seq seq : {Seq{7}, Seq{9}}) {
    LoadMsg load;
    load.seq = seq;
    EXPECT_FALSE(world.Run(load));
    EXPECT_EQ(load.error, StoreError::kFailed);
  }
  EXPECT_EQ(world.Load(5), "a:5 " + kPayload);
  EXPECT_TRUE(world.store().TakeNotices().empty()) << "it is said once";
  world.notices.clear();
  world.Reopen();
  EXPECT_FALSE(world.notices.empty());
  LoadMsg load;
  load.seq = 7;
  EXPECT_FALSE(world.Run(load));
  EXPECT_EQ(load.error, StoreError::kFailed);
}

TEST(FileSparse, ACheckpointSyncsWhatWasStored) {
  FileWorld world;
  world.Put("foo", "");
  world.Settle();
  EXPECT_EQ(world.Bytes("1.blk"), "") << "nothing asks for it yet";
  world.Checkpoint();
  EXPECT_EQ(world.Bytes("1.blk").size(), FileMsgBytes(3, 0, 0));
  EXPECT_EQ(world.driver.disk().Durable("S/msgs/1.blk"), world.Bytes("1.blk"));
  world.Crash(CrashKind::kPowerLoss);
  EXPECT_EQ(world.Load(1), "foo:1 ");
}

// Front, tail, and erased in between: what counts stays, the file gets smaller.
TEST(FileSparse, NothingThatCountsChangesWithTheFile) {
  FileStoreOptions options;
  options.limits.block_bytes = 1000 * kRecordBytes;
  for (const StoreCompression compression : {StoreCompression::kNone, StoreCompression::kS2}) {
    options.config.compression = compression;
    FileWorld world(options);
    for (int i = 1; i <= 1001; ++i) world.Put("kv." + std::to_string(i % 10), kPayload.substr(3));
    world.Checkpoint();
    size_t size = world.Bytes("1.blk").size();
    const auto expect_smaller = [&] {
      world.Settle();
      const StreamState state = world.store().State();
      world.Checkpoint();
      EXPECT_LT(world.Bytes("1.blk").size(), size);
      size = world.Bytes("1.blk").size();
      EXPECT_EQ(world.store().State(), state);
      EXPECT_EQ(world.Load(950).substr(0, 7), "kv.0:95");
    };
    for (Seq seq = 1; seq <= 510; ++seq) ASSERT_TRUE(world.Remove(seq));
    expect_smaller();
    for (Seq seq = 1000; seq > 950; --seq) ASSERT_TRUE(world.Remove(seq));
    for (Seq seq = 520; seq < 720; ++seq) ASSERT_TRUE(world.Remove(seq));
    expect_smaller();
    for (Seq seq = 800; seq <= 810; seq += 2) {
      ASSERT_TRUE(world.store().Erase(world.now(), seq).ok());
    }
    expect_smaller();
    const StreamState state = world.store().State();
    world.ReopenWithoutIndexes();
    EXPECT_EQ(world.store().State(), state);
  }
}

TEST(FileSparse, WhatLiesBehindHolesIsFound) {
  FileWorld world;
  for (int i = 1; i <= 1000; ++i) world.Put("kv." + std::to_string(i % 10), "OK");
  for (const Seq seq : {500, 600, 700}) ASSERT_TRUE(world.Remove(seq));
  EXPECT_EQ(world.Load(900), "kv.0:900 OK");
  ASSERT_TRUE(world.store().Erase(world.now(), 800).ok());  // Makes it write the block anew.
  world.Settle();
  EXPECT_LT(world.Bytes("1.blk").size(), 997 * FileMsgBytes(4, 0, 2));
  EXPECT_EQ(world.Load(900), "kv.0:900 OK");
  EXPECT_EQ(world.Load(800), "deleted message");
  EXPECT_EQ(world.Load(1000), "kv.0:1000 OK");
}

TEST(FileSparse, CountsAgreeWithWhatIsThereAfterTheFirstOneGoesToo) {
  FileWorld world;
  PutMany(world, 100);
  world.Put("b");
  for (Seq seq = 2; seq <= 70; ++seq) ASSERT_TRUE(world.Remove(seq));
  ASSERT_TRUE(world.store().Erase(world.now(), 80).ok());
  world.Settle();
  EXPECT_EQ(world.store().State().num_deleted, 70u);
  ASSERT_TRUE(world.Remove(1));
  world.Settle();
  const StreamState state = world.store().State();
  EXPECT_EQ(state.msgs, 30u);
  EXPECT_EQ(state.first_seq, 71u);
  EXPECT_EQ(state.num_deleted, 1u);
  world.store().CheckInvariants();
  world.ReopenWithoutIndexes();
  EXPECT_EQ(world.store().State(), state);
}

// Six messages to a block; then the third is full of tombstones that are needed.
void FillWithTombstones(FileWorld& world) {
  for (int i = 0; i < 13; ++i) world.Put("foo.BB", "hello");
  for (const Seq seq : {2, 3, 4, 5, 8, 9, 10, 11}) ASSERT_TRUE(world.Remove(seq));
  for (int i = 0; i < 6; ++i) world.Put("foo.BB", "hello");
  world.Checkpoint();
}

TEST(FileSparse, ABlockThatCannotGetSmallerIsLeftAlone) {
  FileStoreOptions options;
  options.limits.block_bytes = 256;
  FileWorld world(options);
  FillWithTombstones(world);
  const size_t each = FileMsgBytes(6, 0, 5);
  EXPECT_EQ(world.Bytes("1.blk").size(), 2 * each);
  EXPECT_EQ(world.Bytes("2.blk").size(), 2 * each);
  world.Checkpoint();
  // From here on a checkpoint is all that a checkpoint makes the disk do.
  const auto cost = [&] {
    const uint64_t before = world.driver.disk().completions();
    world.Checkpoint();
    return world.driver.disk().completions() - before;
  };
  const uint64_t usual = cost();
  EXPECT_EQ(cost(), usual);
  EXPECT_LE(usual, 12u);
  // What changes is looked at again.
  const size_t third = world.Bytes("3.blk").size();
  ASSERT_TRUE(world.Remove(13));
  world.Checkpoint();
  EXPECT_LT(world.Bytes("3.blk").size(), third);
  const StreamState state = world.store().State();
  world.ReopenWithoutIndexes();
  EXPECT_EQ(world.store().State(), state);
}

// A block goes while a checkpoint, or its own rewriting, is under way, at every moment of it.
TEST(FileSparse, ABlockMayGoWhileItIsBeingWritten) {
  for (int turns = 0; turns < 40; ++turns) {
    FileWorld world(TenToABlock());
    PutMany(world, 25);
    world.Settle();
    for (Seq seq = 11; seq <= 17; ++seq) ASSERT_TRUE(world.Remove(seq));
    world.store().WantCheckpoint();
    for (int i = 0; i < turns; ++i) world.Turn();
    for (Seq seq = 18; seq <= 20; ++seq) ASSERT_TRUE(world.Remove(seq));
    world.Settle();
    ASSERT_EQ(world.store().Failure(), std::nullopt) << turns;
    EXPECT_EQ(world.Put("a"), 26u);
    world.Checkpoint();
    EXPECT_EQ(world.Bytes("2.blk"), "") << turns;
    const StreamState state = world.store().State();
    EXPECT_EQ(state.msgs, 16u);
    world.ReopenWithoutIndexes();
    ASSERT_EQ(world.store().State(), state) << turns;
    ASSERT_TRUE(world.notices.empty()) << turns;
  }
}

}  // namespace
}  // namespace dunlin::file
