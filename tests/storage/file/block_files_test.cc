// How removals lie on the disk: tombstones, blocks that go, blocks that must stay for them.
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

// Of the tombstones in all block files, their targets.
std::vector<Seq> Tombstones(FileWorld& world) {
  std::vector<Seq> out;
  for (const std::string& name : world.BlockFiles()) {
    const std::string bytes = world.Bytes(name);
    format::RecordReader reader(bytes, nullptr);
    format::Record record;
    while (reader.Next(&record)) {
      if (record.kind == format::RecordKind::kTombstone) out.push_back(record.seq);
    }
    EXPECT_TRUE(reader.at_end()) << name;
  }
  return out;
}

TEST(FileBlockFiles, TheLastOfAllLeavesOne) {
  FileStoreOptions options;
  options.config.max_age = Seconds(1);
  FileWorld world(options);
  world.Put("A", "hello");
  world.driver.Advance(Seconds(2));
  world.Due();
  EXPECT_EQ(world.store().State().msgs, 0u);
  world.StopClean();
  EXPECT_EQ(Tombstones(world), std::vector<Seq>{1});
  world.Boot();
}

TEST(FileBlockFiles, CountForTheSizeOfABlock) {
  FileWorld world(Blocks(1000));
  for (int i = 0; i < 34; ++i) world.Put("foo.22", "hello");
  for (Seq seq = 11; seq <= 24; ++seq) world.Remove(seq);
  world.Checkpoint();
  ASSERT_GE(world.BlockFiles().size(), 2u);
  const Block& second = *world.store().index().blocks[1];
  EXPECT_GT(second.raw_bytes, second.bytes);
  EXPECT_EQ(second.raw_bytes, world.Bytes("2.blk").size());
}

TEST(FileBlockFiles, NeverMakeABlockLargerThanItMayBe) {
  FileWorld world(Blocks(256));
  EXPECT_EQ(world.Purge("", 1'000'000'000), 0u);
  for (int i = 1; i <= 600; ++i) world.Put("foo." + std::to_string(i), "hello");
  const Seq first = 1'000'000'000;
  for (Seq seq = first + 1; seq < first + 200; seq += 2) ASSERT_TRUE(world.Remove(seq));
  world.Checkpoint();
  uint64_t empty = 0;
  for (const auto& block : world.store().index().blocks) {
    EXPECT_LE(block->raw_bytes, 256u);
    if (block->msgs == 0) ++empty;
  }
  for (const std::string& name : world.BlockFiles()) EXPECT_LE(world.Bytes(name).size(), 256u);
  EXPECT_GE(empty, 10u);
  // What lies in front of them goes: now nothing of it all needs saying.
  for (Seq seq = first; seq < first + 200; seq += 2) ASSERT_TRUE(world.Remove(seq));
  world.Checkpoint();
  for (const auto& block : world.store().index().blocks) {
    EXPECT_TRUE(block->msgs > 0 || block->life == BlockLife::kOpen);
  }
  const StreamState state = world.store().State();
  world.ReopenWithoutIndexes();
  EXPECT_EQ(world.store().State(), state);
  EXPECT_EQ(state.msgs, 400u);
}

TEST(FileBlockFiles, APurgeOfWholeBlocksLeavesNone) {
  FileWorld world(Blocks(1000));
  for (int i = 0; i < 100; ++i) world.Put("foo.1", std::string(20, '0'));
  world.Put("foo.2", std::string(20, '0'));
  world.Checkpoint();
  EXPECT_GE(world.BlockFiles().size(), 6u);
  EXPECT_EQ(world.Purge("foo.1"), 100u);
  world.Checkpoint();
  EXPECT_EQ(world.BlockFiles().size(), 1u);
  EXPECT_EQ(world.store().State().msgs, 1u);
  EXPECT_EQ(world.store().State().first_seq, 101u);
  EXPECT_TRUE(Tombstones(world).empty());
  const StreamState state = world.store().State();
  world.ReopenWithoutIndexes();
  EXPECT_EQ(world.store().State(), state);
}

TEST(FileBlockFiles, RemovingAllLeavesOneBlock) {
  FileWorld world(Blocks(10 * 33));
  for (int i = 0; i < 20; ++i) world.Put("foo", "");
  for (Seq seq = 1; seq <= 20; ++seq) ASSERT_TRUE(world.Remove(seq));
  world.Checkpoint();
  EXPECT_LE(world.BlockFiles().size(), 1u);
  const StreamState state = world.store().State();
  EXPECT_EQ(state.first_seq, 21u);
  EXPECT_EQ(state.last_seq, 20u);
  world.ReopenWithoutIndexes();
  EXPECT_EQ(world.store().State(), state);
  EXPECT_EQ(world.BlockFiles().size(), 1u);
}

TEST(FileBlockFiles, OldBlocksGoWhileNewOnesCome) {
  FileStoreOptions options = Blocks(512);
  options.config.max_bytes = 300;
  FileWorld world(options);
  for (int i = 0; i < 200; ++i) world.Put("zzz", std::string(99, 'A'));
  world.Checkpoint();
  ASSERT_EQ(world.BlockFiles().size(), 1u);
  EXPECT_EQ(world.store().index().blocks.size(), 1u);
  EXPECT_GT(world.store().index().blocks[0]->number, 60u);
  EXPECT_LE(world.Bytes(world.BlockFiles()[0]).size(), 512u);
}

// One message to a block: a range of them takes whole blocks with it.
TEST(FileBlockFiles, ARangeTakesBlocksWithIt) {
  FileWorld world(Blocks(256));
  for (int i = 0; i < 20; ++i) world.Put("foo", std::string(256, '0'));
  world.Checkpoint();
  EXPECT_EQ(world.BlockFiles().size(), 20u);
  const auto with_messages = [&](const std::vector<SeqRange>& ranges) {
    world.SyncDeleted(ranges);
    world.Checkpoint();
    size_t count = 0;
    for (const auto& block : world.store().index().blocks) count += block->msgs > 0 ? 1 : 0;
    EXPECT_EQ(count, world.store().State().msgs);
    // Beside these, only blocks whose tombstones are needed.
    EXPECT_LE(world.BlockFiles().size(), count + 3);
    return count;
  };
  EXPECT_EQ(with_messages({{1, 1}}), 19u);
  EXPECT_EQ(with_messages({{1, 2}}), 18u);
  EXPECT_EQ(with_messages({{3, 4}}), 16u);
  EXPECT_EQ(with_messages({{9, 13}}), 11u);
  EXPECT_EQ(with_messages({{17, 17}, {20, 20}}), 9u);
  EXPECT_EQ(with_messages({{7, 18}}), 3u);
  EXPECT_EQ(with_messages({{1, 20}}), 0u);
  EXPECT_LE(world.BlockFiles().size(), 1u);
}

// The third block has tombstones of the first one: it stays when all its own messages go.
TEST(FileBlockFiles, ABlockStaysWhileItsTombstonesAreNeeded) {
  FileWorld world(Blocks(8 * 33));
  for (int i = 0; i < 20; ++i) world.Put("foo", "");
  for (const Seq seq : {4, 3, 2}) ASSERT_TRUE(world.Remove(seq));
  for (int i = 0; i < 20; ++i) world.Put("foo", "");
  world.Checkpoint();
  world.SyncDeleted({{4, 30}});
  world.Checkpoint();
  const std::vector<SeqRange> deleted = {{2, 30}};
  EXPECT_EQ(world.store().Deleted(), deleted);
  world.ReopenWithoutIndexes();
  EXPECT_EQ(world.store().Deleted(), deleted);
  world.SyncDeleted({{1, 100}});
  world.Checkpoint();
  EXPECT_LE(world.BlockFiles().size(), 1u);
  world.SyncDeleted({{1, 100}});
  EXPECT_EQ(world.store().State().first_seq, 41u);
  EXPECT_EQ(world.store().State().last_seq, 40u);
}

TEST(FileBlockFiles, ASkipOfManyMakesNoBlocks) {
  FileWorld world(Blocks(128));
  world.Put("zzz", std::string(100, 'X'));
  ASSERT_TRUE(world.store().Skip(world.now(), 0, 10'000, StreamStore::SkipTime::kKeep).ok());
  EXPECT_EQ(world.Put("zzz", std::string(100, 'X')), 10'002u);
  world.Checkpoint();
  EXPECT_LE(world.BlockFiles().size(), 3u);
  EXPECT_EQ(world.store().State().num_deleted, 10'000u);
}

TEST(FileBlockFiles, ThoseAtTheBeginOfABlockAreCounted) {
  FileWorld world(Blocks(4096));
  for (int i = 0; i < 500; ++i) world.Put("foo", "Hello World");
  ASSERT_GT(world.store().index().blocks.size(), 2u);
  const Seq first = world.store().index().blocks[1]->first.seq;
  for (Seq seq = first; seq < first + 10; ++seq) ASSERT_TRUE(world.Remove(seq));
  EXPECT_EQ(world.store().State().num_deleted, 10u);
  EXPECT_EQ(world.store().Deleted(), (std::vector<SeqRange>{{first, first + 9}}));
  world.ReopenWithoutIndexes();
  EXPECT_EQ(world.store().State().num_deleted, 10u);
}

TEST(FileBlockFiles, EverySequenceHasItsBlock) {
  FileWorld world(Blocks(2 * 33));
  for (int i = 0; i < 66; ++i) {
    world.Put("foo", "");
    if (i == 31) {
      ASSERT_TRUE(world.Remove(2));
      ASSERT_TRUE(world.Remove(5));
    }
  }
  for (int round = 0; round < 2; ++round) {
    const StreamIndex& index = world.store().index();
    for (const Seq seq : {1, 6, 10, 32, 33, 34, 64, 66}) {
      const Block* block = index.Find(seq);
      ASSERT_NE(block, nullptr) << seq;
      EXPECT_TRUE(block->Live(seq)) << seq;
      EXPECT_EQ(world.Load(seq), "foo:" + std::to_string(seq) + " ");
    }
    EXPECT_EQ(world.Load(2), "deleted message");
    EXPECT_EQ(world.Load(5), "deleted message");
    EXPECT_EQ(index.Find(1)->number, 1u);
    EXPECT_EQ(index.Find(10)->number, 5u);
    world.ReopenWithoutIndexes();
  }
}

}  // namespace
}  // namespace dunlin::file
