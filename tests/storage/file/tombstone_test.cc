// Tombstones: kept while they say something, gone when they do not.
#include <gtest/gtest.h>

#include "storage/format/stream_state.h"
#include "tests/storage/file/file_forms.h"

namespace dunlin::file {
namespace {

using Lines = std::vector<std::string>;
using Blocks = std::vector<uint32_t>;
using format::DeleteBlock;

class FileTombstones : public FileForms {};
INSTANTIATE_TEST_SUITE_P(Forms, FileTombstones, kFileForms, FormName);

TEST_P(FileTombstones, GoWhenTheFirstHasPassedThem) {
  FileWorld world(Options(99));
  for (int i = 0; i < 4; ++i) world.Put("foo", "");
  EXPECT_TRUE(world.Remove(3));
  EXPECT_TRUE(world.Remove(2));
  world.Put("foo", "");
  world.Checkpoint();
  EXPECT_EQ(Records(world, 2), (Lines{"4 foo", "tomb 3", "tomb 2"}));
  EXPECT_EQ(world.store().Deleted(), (std::vector<SeqRange>{{2, 3}}));
  EXPECT_TRUE(world.Remove(1));
  world.Checkpoint();
  EXPECT_EQ(BlocksOf(world), (Blocks{2, 3}));
  EXPECT_EQ(Records(world, 2), Lines{"4 foo"});
  ExpectSameAfterRestarts(world);
}

TEST_P(FileTombstones, KeepABlockWithoutMessages) {
  FileWorld world(Options(66));
  for (int i = 0; i < 3; ++i) world.Put("foo", "");
  EXPECT_TRUE(world.Remove(2));
  EXPECT_TRUE(world.Remove(3));
  world.Checkpoint();
  const StreamState state = world.store().State();
  EXPECT_EQ(state.msgs, 1u);
  EXPECT_EQ(state.first_seq, 1u);
  EXPECT_EQ(state.last_seq, 3u);
  EXPECT_EQ(world.store().Deleted(), (std::vector<SeqRange>{{2, 3}}));
  EXPECT_GT(BlocksOf(world).size(), 1u);
  ExpectSameAfterRestarts(world);
  EXPECT_EQ(world.Load(2), "deleted message");
  EXPECT_EQ(world.Load(3), "deleted message");
  EXPECT_EQ(world.Put("foo", ""), 4u);
  world.Checkpoint();
  // What they were for goes, and so do they.
  EXPECT_TRUE(world.Remove(1));
  world.Checkpoint();
  world.Checkpoint();
  EXPECT_EQ(BlocksOf(world).size(), 1u);
  EXPECT_EQ(world.store().State().first_seq, 4u);
  ExpectSameAfterRestarts(world);
}

// Interior deletes in every block, whole blocks that go, and a floor that comes up from below.
TEST_P(FileTombstones, SayEnoughOfEveryBlock) {
  FileWorld world(Options(10 * 38));
  for (int i = 0; i < 100; ++i) world.Put("foo", "hello");
  for (Seq seq = 1; seq <= 100; ++seq) {
    if (seq % 10 > 1) world.Remove(seq);
  }
  world.Checkpoint();
  ExpectSameAfterRestarts(world);
  for (const Seq seq : {31, 40}) EXPECT_TRUE(world.Remove(seq));
  world.Checkpoint();
  ExpectSameAfterRestarts(world);
  EXPECT_EQ(world.store().State().msgs, 18u);
  EXPECT_EQ(Compact(world, 41), 6u);
  world.Checkpoint();
  world.Checkpoint();
  EXPECT_EQ(world.store().State().msgs, 12u);
  EXPECT_EQ(world.store().State().num_deleted, 48u);
  ExpectSameAfterRestarts(world);
  // Those below the first are mostly gone, too.
  size_t needless = 0;
  for (const uint32_t block : BlocksOf(world)) {
    const Lines records = Records(world, block);
    needless += std::count_if(records.begin(), records.end(), [](const std::string& record) {
      return record.starts_with("tomb ") && std::stoi(record.substr(5)) < 41;
    });
  }
  EXPECT_LT(needless, 16u);
}

// What replicas are told: sets of blocks, and runs between them.
std::vector<SeqRange> Told(FileWorld& world, size_t* entries = nullptr) {
  format::ReplicatedState state;
  EXPECT_TRUE(format::DecodeReplicatedState(world.store().EncodedState(0), &state).ok());
  if (entries != nullptr) *entries = state.deleted.size();
  EXPECT_EQ(format::DeletedRanges(state.deleted), world.store().Deleted());
  uint64_t count = 0;
  for (const SeqRange& range : world.store().Deleted()) count += range.last - range.first + 1;
  EXPECT_EQ(state.num_deleted, count);
  return format::DeletedRanges(state.deleted);
}

using Ranges = std::vector<SeqRange>;

TEST(FileDeleted, IsToldAsGapsAndHoles) {
  FileStoreOptions options;
  options.limits.block_bytes = 256;
  FileWorld world(options);
  for (int i = 0; i < 20; ++i) world.Put("foo", std::string(20, '\0'));
  EXPECT_EQ(world.store().index().blocks.size(), 5u);
  const auto remove = [&](std::initializer_list<Seq> seqs, const Ranges& told) {
    for (const Seq seq : seqs) EXPECT_TRUE(world.Remove(seq));
    world.Settle();
    EXPECT_EQ(Told(world), told);
  };
  remove({9}, {{9, 9}});
  remove({10}, {{9, 10}});
  remove({8}, {{8, 10}});
  remove({18, 17}, {{8, 10}, {17, 18}});
  remove({6, 5, 7}, {{5, 10}, {17, 18}});
  remove({20}, {{5, 10}, {17, 18}, {20, 20}});
  remove({19}, {{5, 10}, {17, 20}});
  remove({11, 12}, {{5, 12}, {17, 20}});
  remove({1, 2, 3, 4}, {{17, 20}});
  ExpectSameAfterRestarts(world);
  EXPECT_EQ(Told(world), (Ranges{{17, 20}}));
}

TEST(FileDeleted, IsToldBetweenBlocksOfOneMessage) {
  FileStoreOptions options;
  options.limits.block_bytes = 256;
  FileWorld world(options);
  for (int i = 0; i < 20; ++i) world.Put("foo", std::string(256, '\0'));
  EXPECT_EQ(world.store().index().blocks.size(), 20u);
  size_t entries = 0;
  const auto remove = [&](std::initializer_list<Seq> seqs, const Ranges& told) {
    for (const Seq seq : seqs) EXPECT_TRUE(world.Remove(seq));
    world.Checkpoint();
    EXPECT_EQ(Told(world, &entries), told);
    EXPECT_LE(entries, told.size()) << "a gap is one run, however many blocks it was";
  };
  remove({10}, {{10, 10}});
  remove({15}, {{10, 10}, {15, 15}});
  remove({11}, {{10, 11}, {15, 15}});
  remove({5}, {{5, 5}, {10, 11}, {15, 15}});
  remove({6, 7, 8, 9}, {{5, 11}, {15, 15}});
  remove({3, 16, 17, 18}, {{3, 3}, {5, 11}, {15, 18}});
  remove({1}, {{3, 3}, {5, 11}, {15, 18}});
  remove({20}, {{3, 3}, {5, 11}, {15, 18}, {20, 20}});
  remove({19}, {{3, 3}, {5, 11}, {15, 20}});
  ExpectSameAfterRestarts(world);
}

// Blocks that are empty but for tombstones lie between the messages.
TEST(FileDeleted, IsToldAcrossBlocksOfTombstones) {
  FileStoreOptions options;
  options.limits.block_bytes = 33 * 6;
  FileWorld world(options);
  for (int i = 0; i < 6; ++i) world.Put("foo", "");
  Seq next = 7;
  for (Seq round = 0; round < 5; ++round) {
    EXPECT_TRUE(world.Remove(round + 2));
    for (Seq seq = next - (round > 0 ? 2 : 0); seq < next; ++seq) EXPECT_TRUE(world.Remove(seq));
    for (int i = 0; round < 4 && i < 2; ++i) EXPECT_EQ(world.Put("foo", ""), next++);
  }
  EXPECT_EQ(Told(world), (Ranges{{2, 14}}));
  world.Checkpoint();
  world.Checkpoint();
  EXPECT_EQ(Told(world), (Ranges{{2, 14}}));
  EXPECT_EQ(world.store().State().msgs, 1u);
  ExpectSameAfterRestarts(world);
  EXPECT_EQ(Told(world), (Ranges{{2, 14}}));
}

TEST(FileSkips, NothingOfAGapIsLeftUnwritten) {
  FileStoreOptions options;
  options.limits.block_bytes = 8192;
  options.limits.writer.write_bytes_min = 1;
  FileWorld world(options);
  world.Put("foo", "");
  EXPECT_TRUE(world.store().Skip(world.now(), 2, 100'000, StreamStore::SkipTime::kKeep).ok());
  world.Settle();
  EXPECT_EQ(BlocksOf(world), (Blocks{1, 2}));
  EXPECT_EQ(Records(world, 1), Lines{"1 foo"});
  EXPECT_EQ(Records(world, 2), Lines{"gone 100001"});
  ExpectSameAfterRestarts(world);
}

}  // namespace
}  // namespace dunlin::file
