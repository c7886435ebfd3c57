// What a directory lacks of what a checkpoint says of it.
#include "storage/file/short_blocks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dunlin::file {
namespace {

// Blocks 1 to 4 of 100 bytes each; the head is 4.
Checkpoint Four() {
  Checkpoint out;
  out.blocks = {1, 2, 3, 4};
  out.lengths = {100, 100, 100, 0};
  out.head = 4;
  out.head_bytes = 100;
  return out;
}

std::vector<DirEntry> Files(const std::vector<uint64_t>& sizes) {
  std::vector<DirEntry> out = {{"checkpoint", 1, false}, {"9.blk.tmp", 1, false}};
  for (size_t i = 0; i < sizes.size(); ++i)
    out.push_back({std::to_string(i + 1) + ".blk", sizes[i], false});
  return out;
}

JournalHead Head(uint32_t block, uint32_t offset = 0) {
  return {.number = 1, .floor = 1, .block = block, .offset = offset};
}

TEST(ShortBlocks, AFileMayBeLonger) {
  EXPECT_TRUE(FindShortBlocks(Four(), Files({100, 101, 200, 5000})).empty());
}

TEST(ShortBlocks, AnyFileThatIsShorterIsFoundTheHeadsToo) {
  const std::vector<ShortBlock> wanted = {{2, 99, 100}, {4, 0, 100}};
  EXPECT_EQ(FindShortBlocks(Four(), Files({100, 99, 100, 0})), wanted);
}

TEST(ShortBlocks, AFileThatIsNotThereIsFoundWhateverIsKnownOfIt) {
  Checkpoint checkpoint = Four();
  checkpoint.lengths = {0, 0, 0, 0};
  checkpoint.unsure = {3};
  const std::vector<ShortBlock> wanted = {{3, std::nullopt, 0}, {4, std::nullopt, 100}};
  EXPECT_EQ(FindShortBlocks(checkpoint, Files({1, 1})), wanted);
}

TEST(ShortBlocks, NothingIsSaidOfWhatMayHaveBeenWrittenAnew) {
  Checkpoint checkpoint = Four();
  checkpoint.unsure = {2};
  EXPECT_TRUE(FindShortBlocks(checkpoint, Files({100, 1, 100, 100})).empty());
}

TEST(ShortBlocks, OneThatWasDroppedIsExplained) {
  std::vector<ShortBlock> blocks = {{2, 1, 100}, {3, std::nullopt, 100}};
  Explain(RecordType::kDropped, Head(3), &blocks);
  EXPECT_EQ(blocks, (std::vector<ShortBlock>{{2, 1, 100}}));
  Explain(RecordType::kErase, Head(2), &blocks);
  EXPECT_EQ(blocks.size(), 1u);
}

TEST(ShortBlocks, APurgeExplainsAllUpToItsBlock) {
  std::vector<ShortBlock> blocks = {{2, 1, 100}, {3, std::nullopt, 100}, {4, 2, 100}};
  Explain(RecordType::kPurge, Head(3), &blocks);
  EXPECT_EQ(blocks, (std::vector<ShortBlock>{{4, 2, 100}}));
}

// The new file is as long as the record says; the old one, if it is still there, as the checkpoint.
TEST(ShortBlocks, OneThatWasWrittenAnewIsAsLongAsTheRecordSays) {
  std::vector<ShortBlock> blocks = {{2, 40, 100}, {3, 40, 100}, {4, std::nullopt, 100}};
  Explain(RecordType::kRewritten, Head(2, 41), &blocks);
  EXPECT_EQ(blocks.size(), 3u);
  Explain(RecordType::kRewritten, Head(2, 40), &blocks);
  EXPECT_EQ(blocks, (std::vector<ShortBlock>{{3, 40, 100}, {4, std::nullopt, 100}}));
  Explain(RecordType::kRewritten, Head(4, 0), &blocks);
  EXPECT_EQ(blocks.size(), 2u);
}

TEST(ShortBlocks, SaysWhereAFileEnds) {
  EXPECT_EQ(Describe({2, 40, 100}), "the file ends here; 100 bytes were written");
  EXPECT_EQ(Describe({2, std::nullopt, 100}), "the file is missing; its messages are lost");
}

}  // namespace
}  // namespace dunlin::file
