// Erasing: the bytes are gone, everything else stays.
#include <gtest/gtest.h>

#include "tests/storage/file/file_forms.h"

namespace dunlin::file {
namespace {

using Lines = std::vector<std::string>;

class FileErase : public FileForms {};
INSTANTIATE_TEST_SUITE_P(Forms, FileErase, kFileForms, FormName);

TEST_P(FileErase, FromTheHeadAndFromAFullBlock) {
  for (const bool full : {false, true}) {
    FileWorld world(Options(full ? 100 : 8192));
    for (int i = 0; i < 3; ++i) world.Put("foo", "");
    if (full) {
      world.Put("next", std::string(60, 'x'));
      world.Checkpoint();
      EXPECT_EQ(IsCompressed(world, 1), Compressing());
    }
    EXPECT_TRUE(Erase(world, 2));
    const StreamState state = world.store().State();
    EXPECT_EQ(state.msgs, full ? 3u : 2u);
    EXPECT_EQ(state.first_seq, 1u);
    EXPECT_EQ(state.last_seq, full ? 4u : 3u);
    EXPECT_EQ(state.num_deleted, 1u);
    world.Settle();
    EXPECT_EQ(world.Put("foo", ""), full ? 5u : 4u);
    world.Checkpoint();
    EXPECT_EQ(Records(world, 1), (Lines{"1 foo", "3 foo"}));
    EXPECT_EQ(IsCompressed(world, 1), Compressing());
    ExpectSameAfterRestarts(world);
  }
}

TEST_P(FileErase, KeepsTombstonesAroundIt) {
  FileWorld world(Options());
  world.Put("foo", "");
  world.Put("foo", "");
  world.Put("foo", "secret!");
  EXPECT_TRUE(world.Remove(2));
  world.Put("foo", "");
  EXPECT_TRUE(Erase(world, 3));
  world.Settle();
  EXPECT_FALSE(DiskHolds(world, "secret!"));
  EXPECT_EQ(world.store().State().msgs, 2u);
  EXPECT_EQ(world.store().Deleted(), (std::vector<SeqRange>{{2, 3}}));
  ExpectSameAfterRestarts(world);
  EXPECT_EQ(world.Load(2), "deleted message");
  EXPECT_EQ(world.Load(3), "deleted message");
}

// The block has no message any more, and is needed all the same.
TEST_P(FileErase, KeepsTombstonesInABlockThatIsEmptyThen) {
  FileWorld world(Options(100));
  world.Put("foo", "");
  world.Put("foo", "");
  world.Put("foo", "secret!");
  world.Checkpoint();
  EXPECT_EQ(BlocksOf(world).size(), 2u);
  EXPECT_TRUE(world.Remove(2));
  EXPECT_TRUE(Erase(world, 3));
  world.Settle();
  EXPECT_FALSE(DiskHolds(world, "secret!"));
  const StreamState state = world.store().State();
  EXPECT_EQ(state.msgs, 1u);
  EXPECT_EQ(state.first_seq, 1u);
  EXPECT_EQ(state.last_seq, 3u);
  EXPECT_EQ(world.store().Deleted(), (std::vector<SeqRange>{{2, 3}}));
  ExpectSameAfterRestarts(world);
  EXPECT_EQ(world.Load(2), "deleted message");
  EXPECT_EQ(world.Load(3), "deleted message");
}

// Skipped sequences before and behind the message, in a block that was written anew without them.
TEST_P(FileErase, BetweenSkippedSequences) {
  FileWorld world(Options(400));
  const auto skip = [&] {
    EXPECT_TRUE(world.store().Skip(world.now(), 0, 1, StreamStore::SkipTime::kKeep).ok());
  };
  world.Put("foo", "abc");
  world.Put("foo", "secret!");
  for (int i = 0; i < 9; ++i) skip();
  world.Put("end", std::string(400, 'x'));
  world.Checkpoint();
  EXPECT_EQ(Records(world, 1), (Lines{"1 foo", "2 foo"}));
  EXPECT_TRUE(Erase(world, 2));
  world.Settle();
  EXPECT_FALSE(DiskHolds(world, "secret!"));
  EXPECT_EQ(Records(world, 1), Lines{"1 foo"});
  EXPECT_EQ(world.store().Deleted(), (std::vector<SeqRange>{{2, 11}}));
  ExpectSameAfterRestarts(world);
  EXPECT_TRUE(Erase(world, 1));
  EXPECT_EQ(world.store().State().first_seq, 12u);
  ExpectSameAfterRestarts(world);
}

TEST_P(FileErase, ThatTheDiskRefusesIsNotForgotten) {
  FileWorld world(Options());
  world.Put("foo", "public");
  world.Put("foo", "secret!");
  world.Settle();
  EXPECT_TRUE(Erase(world, 2));
  sim::DiskFaults faults;
  faults.write_error = {1'000'000, 1};
  world.driver.disk().SetFaults(faults);
  world.Settle();
  ASSERT_TRUE(world.store().Failure());
  EXPECT_TRUE(world.store().Failure()->starts_with("stream 'S', ")) << *world.store().Failure();
  EXPECT_EQ(world.store().Store(world.now(), "foo", "", "", 0).error, StoreError::kFailed);
  world.driver.disk().SetFaults({});
  world.Crash(sim::CrashKind::kKill);
  world.Checkpoint();
  EXPECT_EQ(world.Load(1), "foo:1 public");
  EXPECT_EQ(world.Load(2), "deleted message");
}

}  // namespace
}  // namespace dunlin::file
