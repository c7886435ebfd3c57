#include "storage/format/block_file.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/base/rng.h"
#include "storage/format/checksum_key.h"
#include "storage/format/record.h"
#include "tests/storage/format/hex.h"

namespace dunlin::format {
namespace {

// 1.blk of a stream "S" with compression, as the reference (v2.14.5) wrote it: four messages of
// 7,902 bytes on a.1. Long repeats, which Snappy does not have.
std::string ReferenceBlock() {
  return FromHex(
      "636d7001fcf701ff06000053327354774f008f00000e52101df4f70114ff1e0000010009013405662fa3203fea18"
      "0300612e3178110119004b1a0c7930616211021900760230be4ab4a1216f622bff1e00000216fe1e0c00b48e39ee"
      "ff1e1900231a0031190080021cce90e21ed8b7fdf20efe3d00030d0008bf793c19005f1a0032190080021c2d65fc"
      "d12a5d07b00efd5c00040d000876aa3e19005f1a0033190080029704d80d6186e63d");
}

std::string Unpacked(std::string bytes) {
  BlockUnpacker unpacker(std::move(bytes));
  while (unpacker.Step()) {
  }
  return unpacker.damage().ok() ? unpacker.records() : Describe(unpacker.damage());
}

TEST(BlockFile, ReadsWhatTheReferenceCompressed) {
  BlockHeader header;
  ASSERT_TRUE(ReadBlockHeader(ReferenceBlock(), &header).ok());
  EXPECT_EQ(header.compression, StoreCompression::kS2);
  const std::string records = Unpacked(ReferenceBlock());
  EXPECT_EQ(header.record_bytes, records.size());
  const auto checksum = BlockChecksum("S", 1);
  RecordReader reader(records, &checksum);
  Record record;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(reader.Next(&record)) << Describe(reader.damage());
    std::string expected = std::string(7000, 'x') + "y" + std::to_string(i);
    for (int j = 0; j < 450; ++j) expected += "ab";
    EXPECT_EQ(record.payload, expected);
  }
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(LastChecksum(ReferenceBlock()), record.checksum);
  EXPECT_EQ(LastChecksum(records), record.checksum);
}

TEST(BlockFile, TakesPlainBlocksAsTheyAre) {
  EXPECT_EQ(Unpacked(""), "");
  EXPECT_EQ(Unpacked("cmp"), "cmp");
  EXPECT_EQ(Unpacked("anything"), "anything");
  EXPECT_EQ(LastChecksum("short"), 0u);
}

// 0x706d63: the record's length is what a compressed block begins with.
TEST(BlockFile, DoesNotTakeALongRecordForAHeader) {
  const auto checksum = BlockChecksum("S", 1);
  std::string block;
  AppendMessage(checksum, 1, {2}, "a", "", std::string(0x706d63 - kEmptyRecordBytes - 1, 'z'),
                &block);
  ASSERT_TRUE(block.starts_with("cmp"));
  EXPECT_EQ(Unpacked(block), block);
  EXPECT_EQ(Unpacked(CompressBlock(block)), block);
}

// Nor the other way round: "cmp\x01" is a length, too, and a file may be as long.
TEST(BlockFile, DoesNotTakeALongHeaderForARecord) {
  constexpr size_t kLength = 0x01706d63;
  const auto checksum = BlockChecksum("S", 1);
  std::string block, noise(kLength + 4096, '\0');
  Rng rng(5);
  for (char& byte : noise) byte = static_cast<char>(rng.Next());  // Is not made shorter.
  AppendMessage(checksum, 1, {2}, "a", "", noise, &block);
  const std::string file = CompressBlock(block);
  ASSERT_GT(file.size(), kLength);
  EXPECT_EQ(Unpacked(file), block);
}

TEST(BlockFile, SaysWhereACompressedBlockIsDamaged) {
  const std::string whole = ReferenceBlock();
  std::string bytes = whole;
  bytes[3] = 9;
  EXPECT_EQ(Unpacked(bytes), "unknown version at offset 3");
  EXPECT_EQ(Unpacked(whole.substr(0, 5)), "cut short at offset 4");
  bytes = whole;
  bytes[8] = 'x';
  EXPECT_EQ(Unpacked(bytes), "impossible value at offset 7");  // No identifier.
  bytes = whole;
  bytes[60] ^= 4;
  EXPECT_EQ(Unpacked(bytes), "invalid checksum at offset 17");
  EXPECT_EQ(Unpacked(whole.substr(0, whole.size() - 1)), "cut short at offset 17");
}

TEST(BlockFile, CompressesSomeAtATime) {
  std::string records, file;
  for (uint32_t i = 0; i < 300'000; ++i) records += std::to_string(i * 2'654'435'761u);
  BlockCompressor compressor(records, &file);
  size_t steps = 1;
  while (compressor.Step()) ++steps;
  EXPECT_EQ(steps, (records.size() + (256u << 10) - 1) / (256u << 10));
  EXPECT_EQ(file, CompressBlock(records));
  EXPECT_EQ(Unpacked(file), records);
}

RC_GTEST_PROP(BlockFileProperty, ReadsBackWhatItCompresses, (const std::string& text)) {
  const std::string records = text + std::string(kEmptyRecordBytes, 'q') + text;
  const std::string file = CompressBlock(records);
  RC_ASSERT(Unpacked(file) == records);
  RC_ASSERT(LastChecksum(file) == LastChecksum(records));
}

}  // namespace
}  // namespace dunlin::format
