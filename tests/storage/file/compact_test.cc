// What goes from a store goes from its files too: blocks are dropped, or written anew.
#include <gtest/gtest.h>

#include "tests/storage/file/file_forms.h"

namespace dunlin::file {
namespace {

using Lines = std::vector<std::string>;
using Blocks = std::vector<uint32_t>;

class FileCompact : public FileForms {};
INSTANTIATE_TEST_SUITE_P(Forms, FileCompact, kFileForms, FormName);

// Bytes that do not compress.
std::string Noise(size_t size, uint64_t seed) {
  Rng rng(seed);
  std::string out(size, '\0');
  for (char& byte : out) byte = static_cast<char>(rng.Below(256));
  return out;
}

TEST_P(FileCompact, DropsBlocksBelowTheFirst) {
  FileWorld world(Options(512));
  for (int i = 0; i < 10; ++i) world.Put("A", std::string(99, 'a'));
  world.Checkpoint();
  EXPECT_EQ(BlocksOf(world), (Blocks{1, 2, 3, 4}));
  EXPECT_EQ(Compact(world, 10), 9u);
  world.Settle();
  EXPECT_EQ(BlocksOf(world), Blocks{4});
  EXPECT_EQ(TotalsOf(&world.store(), ""),
            (std::vector<std::pair<std::string, uint64_t>>{{"A", 1}}));
  ExpectSameAfterRestarts(world);
}

TEST_P(FileCompact, GivesBackTheSpaceOfWhatWent) {
  FileWorld world(Options(20 * 1031));
  std::vector<std::string> payloads;
  for (Seq seq = 1; seq <= 30; ++seq) {
    payloads.push_back(Noise(1000, seq));
    world.Put("z", payloads.back());
  }
  world.Checkpoint();
  EXPECT_EQ(BlocksOf(world), (Blocks{1, 2}));
  EXPECT_GT(world.driver.disk().Contents(PathOf(1))->size(), 20'000u);
  const auto readable = [&](Seq from) {
    for (Seq seq = from; seq <= 30; ++seq) {
      ASSERT_EQ(world.Load(seq), "z:" + std::to_string(seq) + " " + payloads[seq - 1]);
    }
  };
  EXPECT_EQ(Compact(world, 18), 17u);
  world.Checkpoint();
  EXPECT_EQ(Records(world, 1), (Lines{"18 z", "19 z", "20 z"}));
  EXPECT_EQ(PlainBytes(world, 1).size(), 3u * 1031);
  EXPECT_LT(world.driver.disk().Contents(PathOf(1))->size(), 3300u);
  EXPECT_EQ(IsCompressed(world, 1), Compressing());
  readable(18);
  EXPECT_EQ(Compact(world, 25), 7u);
  world.Settle();
  EXPECT_EQ(BlocksOf(world), Blocks{2});
  readable(25);
  EXPECT_EQ(world.Put("z", "more"), 31u);
  ExpectSameAfterRestarts(world);
  readable(25);
  EXPECT_EQ(world.Load(31), "z:31 more");
  EXPECT_EQ(world.Put("z", "more"), 32u);
}

TEST_P(FileCompact, ARewrittenBlockIsDurableUnderItsName) {
  FileWorld world(Options(1000));
  for (int i = 0; i < 40; ++i) world.Put("a", "0123456789");
  for (Seq seq = 2; seq <= 20; ++seq) world.Remove(seq);
  world.store().WantCheckpoint();
  const Blocks rewritten = Rewritten(world);
  ASSERT_FALSE(rewritten.empty());
  EXPECT_EQ(rewritten.front(), 1u);
  EXPECT_EQ(world.driver.disk().Durable(PathOf(1)), world.driver.disk().Contents(PathOf(1)));
  ExpectSameAfterRestarts(world);
}

TEST_P(FileCompact, HolesThatLimitsLeaveAreClosedAtACheckpoint) {
  FileStoreOptions options = Options(1000);
  options.config.max_msgs_per_subject = 1;
  FileWorld world(options);
  const std::string subjects = "ABCDEFGHIJKLMNOPQRST";
  const std::string payload(19, 'Z');
  for (const char subject : subjects) world.Put(std::string(1, subject), payload);
  world.Settle();
  EXPECT_EQ(world.store().index().blocks.size(), 1u);
  for (size_t i = 1; i < 19; ++i) world.Put(subjects.substr(i, 1), payload);
  EXPECT_EQ(world.store().index().blocks[0]->bytes, 100u);
  EXPECT_EQ(world.store().index().blocks[0]->raw_bytes, 1000u);
  world.Checkpoint();
  EXPECT_EQ(Records(world, 1), (Lines{"1 A", "20 T"}));
  EXPECT_EQ(PlainBytes(world, 1).size(), 100u);
  EXPECT_EQ(world.Load(20), "T:20 " + payload);
  EXPECT_EQ(world.store().State().num_deleted, 18u);
  ExpectSameAfterRestarts(world);
}

TEST_P(FileCompact, FindsHolesInARewrittenBlock) {
  FileWorld world(Options(240));
  for (const size_t bytes : {1, 10, 20, 20, 10, 20}) world.Put("foo", std::string(bytes, 'x'));
  world.Put("end");
  for (const Seq seq : {1, 3, 4, 6}) EXPECT_TRUE(world.Remove(seq));
  world.Checkpoint();
  EXPECT_EQ(Records(world, 1), (Lines{"2 foo", "5 foo"}));
  EXPECT_EQ(world.store().Deleted(), (std::vector<SeqRange>{{3, 4}, {6, 6}}));
  ExpectSameAfterRestarts(world);
  EXPECT_TRUE(world.Remove(5));
  world.Checkpoint();
  EXPECT_EQ(world.store().Deleted(), (std::vector<SeqRange>{{3, 6}}));
  EXPECT_EQ(world.store().State().first_seq, 2u);
  ExpectSameAfterRestarts(world);
  EXPECT_EQ(world.Load(2), "foo:2 " + std::string(10, 'x'));
}

// The end of a block goes, and with it the record that had the last sequence.
TEST_P(FileCompact, RemembersTheLastSequenceOfARewrittenBlock) {
  FileWorld world(Options(200));
  for (const size_t bytes : {40, 0, 0, 40}) world.Put("foo", std::string(bytes, 'x'));
  EXPECT_TRUE(world.Remove(1));
  EXPECT_TRUE(world.Remove(4));
  world.Checkpoint();
  world.Checkpoint();
  EXPECT_EQ(Records(world, 1), (Lines{"2 foo", "3 foo"}));
  const StreamState state = world.store().State();
  EXPECT_EQ(state.first_seq, 2u);
  EXPECT_EQ(state.last_seq, 4u);
  EXPECT_EQ(state.msgs, 2u);
  ExpectSameAfterRestarts(world);
  EXPECT_EQ(world.Put("foo"), 5u);
}

TEST_P(FileCompact, NothingIsLeftOfABlockWhoseMessagesAllWent) {
  FileWorld world(Options(66));
  for (int i = 0; i < 2; ++i) world.Put("foo", "");
  for (const Seq seq : {2, 1}) EXPECT_TRUE(world.Remove(seq));
  world.Checkpoint();
  EXPECT_EQ(world.store().State().first_seq, 3u);
  EXPECT_EQ(world.store().State().last_seq, 2u);
  EXPECT_FALSE(DiskHolds(world, "foo"));
  ExpectSameAfterRestarts(world);
  EXPECT_EQ(world.Put("foo"), 3u);
}

TEST_P(FileCompact, GoesOnInABlockWhoseMessagesAllExpired) {
  FileStoreOptions options = Options(400);
  options.config.max_age = Seconds(10);
  options.limits.reader.cache_bytes_max = 0;
  FileWorld world(options);
  for (int i = 0; i < 5; ++i) world.Put("foo", "ouch");
  world.Checkpoint();
  world.driver.Advance(Seconds(11));
  world.store().OnDeadline(world.now());
  world.Settle();
  EXPECT_EQ(world.store().State().msgs, 0u);
  for (int i = 0; i < 5; ++i) world.Put("foo", "ouch");
  world.Checkpoint();
  for (Seq seq = 6; seq <= 10; ++seq) {
    EXPECT_EQ(world.Load(seq), "foo:" + std::to_string(seq) + " ouch");
  }
  ExpectSameAfterRestarts(world);
  EXPECT_EQ(world.Load(10), "foo:10 ouch");
}

// A block that holds hardly more than tombstones which are still needed cannot get smaller.
TEST_P(FileCompact, TriesABlockOfTombstonesOnce) {
  FileWorld world(Options(1000));
  for (int i = 0; i < 24; ++i) world.Put("a", "0123456789");
  for (int i = 0; i < 24; ++i) world.Put("b", "0123456789");
  for (Seq seq = 2; seq < 24; seq += 2) world.Remove(seq);
  for (Seq seq = 26; seq < 48; seq += 2) world.Remove(seq);
  world.Put("c", std::string(800, 'c'));
  world.Put("c", std::string(800, 'c'));
  world.Checkpoint();
  (void)Rewritten(world);
  const Blocks before = BlocksOf(world);
  for (int i = 0; i < 3; ++i) {
    world.Put("d");
    world.store().WantCheckpoint();
    EXPECT_EQ(Rewritten(world), Blocks{});
  }
  EXPECT_EQ(BlocksOf(world), before);
  ExpectSameAfterRestarts(world);
}

}  // namespace
}  // namespace dunlin::file
