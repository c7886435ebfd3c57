// Truncating: what is cut off is gone from the files, and its sequences come again.
#include <gtest/gtest.h>

#include "tests/storage/file/file_forms.h"

namespace dunlin::file {
namespace {

class FileTruncate : public FileForms {};
INSTANTIATE_TEST_SUITE_P(Forms, FileTruncate, kFileForms, FormName);

TEST_P(FileTruncate, CutsWhatIsNotWrittenYet) {
  FileWorld world(Options(8192));
  world.journal.held = true;
  world.Put("foo", std::string(100, 'a'));
  world.Put("foo", std::string(100, 'b'));
  EXPECT_TRUE(Truncate(world, 1));
  EXPECT_EQ(world.store().State().msgs, 1u);
  EXPECT_EQ(world.store().State().first_seq, 1u);
  EXPECT_EQ(world.store().State().last_seq, 1u);
  world.journal.held = false;
  world.Settle();
  for (const auto& block : world.store().index().blocks) {
    EXPECT_TRUE(block->points.empty()) << "block " << block->number;
  }
  ExpectSameAfterRestarts(world);
  EXPECT_EQ(world.Put("foo", "c"), 2u);
  EXPECT_FALSE(DiskHolds(world, "bbb"));
}

TEST_P(FileTruncate, LeavesWholeRecordsAndNothingElse) {
  FileWorld world(Options());
  for (int i = 0; i < 5; ++i) world.Put("foo", "x");
  world.Settle();
  EXPECT_TRUE(Truncate(world, 3));
  ExpectSameAfterRestarts(world);
  world.StopClean();
  std::vector<std::string> all;
  for (const uint32_t block : BlocksOf(world)) {
    for (const std::string& record : Records(world, block)) {
      if (record.ends_with(" foo")) all.push_back(record);
    }
  }
  EXPECT_EQ(all, (std::vector<std::string>{"1 foo", "2 foo", "3 foo"}));
  world.Boot();
  EXPECT_EQ(world.Put("foo", "y"), 4u);
  ExpectSameAfterRestarts(world);
  EXPECT_EQ(world.Load(4), "foo:4 y");
}

TEST_P(FileTruncate, ToAMessageThatWentBefore) {
  for (const bool erase : {false, true}) {
    for (const bool wait : {false, true}) {
      FileWorld world(Options(66));
      world.Put("foo", "");
      world.Put("foo", "");
      world.Put("foo", "");
      if (wait) world.Checkpoint();
      EXPECT_TRUE(erase ? Erase(world, 2) : world.Remove(2));
      if (wait) world.Checkpoint();
      EXPECT_EQ(world.store().State().msgs, 2u);
      EXPECT_EQ(world.store().State().num_deleted, 1u);
      EXPECT_TRUE(Truncate(world, 2));
      const StreamState state = world.store().State();
      EXPECT_EQ(state.msgs, 1u);
      EXPECT_EQ(state.first_seq, 1u);
      EXPECT_EQ(state.last_seq, 2u);
      EXPECT_EQ(state.num_deleted, 1u);
      world.Checkpoint();
      EXPECT_EQ(world.Put("foo", ""), 3u);
      world.Checkpoint();
      const uint32_t head = world.store().index().blocks.back()->number;
      for (const uint32_t block : BlocksOf(world)) {
        EXPECT_EQ(IsCompressed(world, block), Compressing() && block != head) << "block " << block;
      }
      ExpectSameAfterRestarts(world);
      EXPECT_EQ(world.Load(1), "foo:1 ");
      EXPECT_EQ(world.Load(2), "deleted message");
      EXPECT_EQ(world.Load(3), "foo:3 ");
    }
  }
}

}  // namespace
}  // namespace dunlin::file
