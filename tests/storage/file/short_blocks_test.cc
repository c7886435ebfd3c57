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

std::vector<ShortBlock> ShortOf(const Checkpoint& checkpoint, const std::vector<uint64_t>& sizes) {
  return BlockLengths(checkpoint, Files(sizes)).Short();
}

TEST(ShortBlocks, AFileMayBeLonger) { EXPECT_TRUE(ShortOf(Four(), {100, 101, 200, 5000}).empty()); }

TEST(ShortBlocks, AnyFileThatIsShorterIsFoundTheHeadsToo) {
  const std::vector<ShortBlock> wanted = {{2, 99, 100}, {4, 0, 100}};
  EXPECT_EQ(ShortOf(Four(), {100, 99, 100, 0}), wanted);
}

TEST(ShortBlocks, AFileThatIsNotThereIsFoundWhateverIsKnownOfIt) {
  Checkpoint checkpoint = Four();
  checkpoint.lengths = {0, 0, 0, 0};
  const std::vector<ShortBlock> wanted = {{3, std::nullopt, 0}, {4, std::nullopt, 100}};
  EXPECT_EQ(ShortOf(checkpoint, {1, 1}), wanted);
}

TEST(ShortBlocks, OneThatMayBeWrittenAnewIsAsLongAsAnyOther) {
  Checkpoint checkpoint = Four();
  checkpoint.unsure = {2};
  EXPECT_EQ(ShortOf(checkpoint, {100, 1, 100, 100}), (std::vector<ShortBlock>{{2, 1, 100}}));
}

TEST(ShortBlocks, OneOfTwoFilesHasTheNameAndNoneInBetween) {
  Checkpoint checkpoint = Four();
  checkpoint.other = OtherFile{2, 40};
  EXPECT_TRUE(ShortOf(checkpoint, {100, 40, 100, 100}).empty());
  EXPECT_TRUE(ShortOf(checkpoint, {100, 100, 100, 100}).empty());
  EXPECT_EQ(ShortOf(checkpoint, {40, 41, 100, 100}),
            (std::vector<ShortBlock>{{1, 40, 100}, {2, 41, 100}}));
  checkpoint.other = OtherFile{2, 140};
  EXPECT_TRUE(ShortOf(checkpoint, {100, 100, 100, 100}).empty());
  EXPECT_EQ(ShortOf(checkpoint, {100, 139, 100, 100}), (std::vector<ShortBlock>{{2, 139, 140}}));
}

TEST(ShortBlocks, OneThatWasDroppedIsExplained) {
  BlockLengths lengths(Four(), Files({100, 1}));
  lengths.Take(RecordType::kDropped, Head(3));
  lengths.Take(RecordType::kErase, Head(2));
  EXPECT_EQ(lengths.Short(), (std::vector<ShortBlock>{{2, 1, 100}, {4, std::nullopt, 100}}));
}

TEST(ShortBlocks, APurgeExplainsAllUpToItsBlock) {
  BlockLengths lengths(Four(), Files({100, 1}));
  lengths.Take(RecordType::kPurge, Head(3));
  EXPECT_EQ(lengths.Short(), (std::vector<ShortBlock>{{4, std::nullopt, 100}}));
  lengths.Take(RecordType::kPurge, Head(7));
  EXPECT_TRUE(lengths.Short().empty());
}

// The new file is as long as the record says; the old one, if it is still there, as the checkpoint.
TEST(ShortBlocks, OneThatWasWrittenAnewIsAsLongAsTheRecordSays) {
  BlockLengths lengths(Four(), Files({100, 40, 40, 100}));
  lengths.Take(RecordType::kRewritten, Head(2, 41));
  EXPECT_EQ(lengths.Short().size(), 2u);
  lengths.Take(RecordType::kRewritten, Head(2, 40));
  lengths.Take(RecordType::kRewritten, Head(2, 30));
  EXPECT_EQ(lengths.Short(), (std::vector<ShortBlock>{{3, 40, 100}}));
  lengths.Take(RecordType::kRewritten, Head(3, 120));
  EXPECT_EQ(lengths.Short(), (std::vector<ShortBlock>{{3, 40, 120}}));
}

TEST(ShortBlocks, OfWhatWasNotKnownNothingIsSaid) {
  Checkpoint checkpoint = Four();
  checkpoint.lengths[1] = 0;
  BlockLengths lengths(checkpoint, Files({100, 40, 100, 100}));
  lengths.Take(RecordType::kRewritten, Head(2, 60));
  EXPECT_TRUE(lengths.Short().empty());
}

TEST(ShortBlocks, SaysWhereAFileEnds) {
  EXPECT_EQ(Describe({2, 40, 100}), "the file ends here; 100 bytes were written");
  EXPECT_EQ(Describe({2, std::nullopt, 100}), "the file is missing; its messages are lost");
}

}  // namespace
}  // namespace dunlin::file
