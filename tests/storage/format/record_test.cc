#include "storage/format/record.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "storage/format/checksum_key.h"
#include "tests/storage/format/hex.h"

namespace dunlin::format {
namespace {

// 1.blk of a stream "S" that the reference (v2.14.5) wrote: six messages, then 4 deleted and 5
// erased.
std::string ReferenceBlock() {
  return FromHex(
      "26000000010000000000000035162bcf633dea180300612e3168656c6c6f676435b6841e90fc"
      "3c000080020000000000000025862fcf633dea180300612e32120000004e4154532f312e300d0a4b3a20760d0a0d"
      "0a776f726c643b9628f2e09cf8fa"
      "210000000300000000000000531031cf633dea180300612e31a60bec1ecbed24db"
      "250000000400000000000000eb1e32cf633dea180300612e33676f6e65d2d6cda6f41655ac"
      "270000000500000000000080000000000000000000007e4107c2dbe775ef97f454b4ab672e4bf5"
      "2400000006000000000000002f8e34cf633dea180300612e33656e649f5ef15071d92d14"
      "1e0000000400000000000040eb1e32cf633dea1800005285f2c21b0ea986"
      "1e00000005000000000000409b7933cf633dea180000656e458a02a0561b");
}

std::vector<Record> ReadAll(RecordReader* reader) {
  std::vector<Record> records;
  Record record;
  while (reader->Next(&record)) records.push_back(record);
  return records;
}

TEST(Record, ReadsWhatTheReferenceWrote) {
  const std::string block = ReferenceBlock();
  const auto checksum = BlockChecksum("S", 1);
  RecordReader reader(block, &checksum);
  const std::vector<Record> records = ReadAll(&reader);
  EXPECT_EQ(reader.damage(), RecordDamage::kNone);
  EXPECT_TRUE(reader.at_end());
  ASSERT_EQ(records.size(), 8u);
  EXPECT_EQ(records[0].subject, "a.1");
  EXPECT_EQ(records[0].payload, "hello");
  EXPECT_EQ(records[0].seq, 1u);
  EXPECT_EQ(FormatRfc3339(records[0].time), "2026-11-22T02:35:00.347328053Z");
  EXPECT_EQ(records[1].header, "NATS/1.0\r\nK: v\r\n\r\n");
  EXPECT_EQ(records[1].payload, "world");
  EXPECT_EQ(records[2].payload, "");
  EXPECT_EQ(records[3].payload, "gone");  // Deleted, not erased: a tombstone follows.
  EXPECT_EQ(records[4].kind, RecordKind::kErased);
  EXPECT_EQ(records[4].seq, 5u);
  EXPECT_EQ(records[6].kind, RecordKind::kTombstone);
  EXPECT_EQ(records[6].seq, 4u);
  EXPECT_EQ(records[6].time, records[3].time);
  EXPECT_EQ(records[7].offset + records[7].bytes, block.size());
}

TEST(Record, WritesTheSameBytesAsTheReference) {
  const std::string block = ReferenceBlock();
  const auto checksum = BlockChecksum("S", 1);
  RecordReader reader(block, &checksum);
  std::string written;
  for (const Record& r : ReadAll(&reader)) {
    if (r.kind == RecordKind::kMessage) {
      EXPECT_EQ(AppendMessage(checksum, r.seq, r.time, r.subject, r.header, r.payload, &written),
                r.checksum);
    } else if (r.kind == RecordKind::kTombstone) {
      EXPECT_EQ(AppendTombstone(checksum, r.seq, r.time, &written), r.checksum);
    } else {
      written.append(block, r.offset, r.bytes);
    }
  }
  EXPECT_EQ(written, block);
}

TEST(Record, IsDamageInAnotherStreamsOrBlocksPlace) {
  const std::string block = ReferenceBlock();
  for (const auto& checksum : {BlockChecksum("S", 2), BlockChecksum("T", 1)}) {
    RecordReader reader(block, &checksum);
    EXPECT_TRUE(ReadAll(&reader).empty());
    EXPECT_EQ(reader.damage(), RecordDamage::kBadChecksum);
    EXPECT_EQ(reader.offset(), 0u);
  }
}

TEST(Record, NamesTheOffsetAtWhichABlockIsDamaged) {
  std::string block = ReferenceBlock();
  const auto checksum = BlockChecksum("S", 1);
  block[38 + 40] ^= 1;  // In the second message's text.
  RecordReader reader(block, &checksum);
  EXPECT_EQ(ReadAll(&reader).size(), 1u);
  EXPECT_EQ(reader.damage(), RecordDamage::kBadChecksum);
  EXPECT_EQ(reader.offset(), 38u);
  Record record;
  EXPECT_FALSE(reader.Next(&record));
  // What follows is whole: this is no torn tail.
  EXPECT_EQ(FindRecord(block, 39, checksum, 1000, 1 << 20), std::optional<uint64_t>(38 + 60));
}

TEST(Record, FindsNothingBehindATornTail) {
  std::string block = ReferenceBlock();
  const auto checksum = BlockChecksum("S", 1);
  const size_t last = block.size() - kEmptyRecordBytes;
  block.resize(block.size() - 1);
  RecordReader reader(block, &checksum);
  EXPECT_EQ(ReadAll(&reader).size(), 7u);
  EXPECT_EQ(reader.damage(), RecordDamage::kBadLength);
  EXPECT_EQ(reader.offset(), last);
  EXPECT_EQ(FindRecord(block, last, checksum, 1000, 1 << 20), std::nullopt);
  block.resize(last + 5);
  EXPECT_EQ(DecodeRecord(block, last, &checksum, nullptr), RecordDamage::kShort);
}

TEST(Record, RefusesAHeaderThatIsLongerThanItsRecord) {
  const auto checksum = BlockChecksum("S", 1);
  std::string block;
  AppendMessage(checksum, 1, {5}, "a", "NATS/1.0\r\n\r\n", "x", &block);
  Record record;
  ASSERT_EQ(DecodeRecord(block, 0, &checksum, &record), RecordDamage::kNone);
  block[kRecordHeadBytes + 1] = 14;  // 12 would be right, 13 would take the payload in.
  EXPECT_EQ(DecodeRecord(block, 0, &checksum, &record), RecordDamage::kBadLength);
}

TEST(Record, RefusesAHeaderBitWithoutRoomForAHeader) {
  const auto checksum = BlockChecksum("zzz", 1);
  std::string block;
  AppendMessage(checksum, 1, {}, "", "", "", &block);
  Record record;
  ASSERT_EQ(DecodeRecord(block, 0, &checksum, &record), RecordDamage::kNone);
  block[3] = static_cast<char>(0x80);
  EXPECT_EQ(DecodeRecord(block, 0, &checksum, &record), RecordDamage::kBadLength);
  EXPECT_EQ(DecodeRecord(block, 0, nullptr, &record), RecordDamage::kBadLength);
  EXPECT_STREQ(Describe(RecordDamage::kBadLength), "sanity check failed");
}

TEST(Record, LeavesNothingOfAnErasedMessage) {
  const auto checksum = BlockChecksum("S", 1);
  std::string block;
  AppendMessage(checksum, 7, {5}, "secret.subject", "NATS/1.0\r\nA: b\r\n\r\n", "very secret",
                &block);
  const size_t bytes = block.size();
  Rng rng(1);
  EraseRecord(checksum, 7, reinterpret_cast<uint8_t*>(block.data()), bytes, &rng);
  ASSERT_EQ(block.size(), bytes);
  EXPECT_EQ(block.find("secret"), std::string::npos);
  Record record;
  ASSERT_EQ(DecodeRecord(block, 0, &checksum, &record), RecordDamage::kNone);
  EXPECT_EQ(record.kind, RecordKind::kErased);
  EXPECT_EQ(record.seq, 7u);
  EXPECT_EQ(record.time, WallTime{});
}

TEST(Record, SkippedSequencesAndTombstonesAreEmpty) {
  const auto checksum = BlockChecksum("S", 1);
  std::string block;
  AppendSkipped(checksum, 3, {10}, &block);
  AppendTombstone(checksum, 2, {20}, &block);
  EXPECT_EQ(block.size(), 2 * kEmptyRecordBytes);
  RecordReader reader(block, &checksum);
  const std::vector<Record> records = ReadAll(&reader);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].kind, RecordKind::kErased);
  EXPECT_EQ(records[0].seq, 3u);
  EXPECT_EQ(records[1].kind, RecordKind::kTombstone);
  EXPECT_EQ(records[1].seq, 2u);
  EXPECT_EQ(records[1].time, WallTime{20});
}

TEST(Record, SaysWhatDoesNotFit) {
  EXPECT_TRUE(RecordFits(0xffff, 0, kRecordBytesMax - kEmptyRecordBytes - 0xffff));
  EXPECT_FALSE(RecordFits(0xffff, 0, kRecordBytesMax - kEmptyRecordBytes - 0xfffe));
  EXPECT_FALSE(RecordFits(0x10000, 0, 0));
  EXPECT_FALSE(RecordFits(1, SIZE_MAX, SIZE_MAX));
}

// Whatever is written is read back; whichever bit flips, a message with the right sequence and the
// wrong bytes never comes back, but for the borders that no checksum covers.
RC_GTEST_PROP(RecordProperty, ReadsBackWhatItWrites,
              (uint64_t seq, int64_t time, const std::string& subject, const std::string& header,
               const std::string& payload)) {
  const auto checksum = BlockChecksum("P", 9);
  seq = 1 + seq % (kRecordSeqEnd - 1);
  std::string block = "before";
  AppendMessage(checksum, seq, {time}, subject, header, payload, &block);
  RC_ASSERT(block.size() == 6 + RecordBytes(subject.size(), header.size(), payload.size()));
  Record record;
  RC_ASSERT(DecodeRecord(block, 6, &checksum, &record) == RecordDamage::kNone);
  RC_ASSERT(record.seq == seq && record.time.ns == time && record.kind == RecordKind::kMessage);
  RC_ASSERT(record.subject == subject && record.header == header && record.payload == payload);

  const size_t bit = *rc::gen::inRange<size_t>(6 * 8, block.size() * 8);
  block[bit / 8] ^= static_cast<char>(1 << (bit % 8));
  if (DecodeRecord(block, 6, &checksum, &record) == RecordDamage::kNone) {
    RC_ASSERT(record.seq == seq && record.time.ns == time);
    const size_t at = bit / 8 - 6;
    const bool uncovered = at == 3 || at == 20 || at == 21 ||
                           (!header.empty() && at >= kRecordHeadBytes + subject.size() &&
                            at < kRecordHeadBytes + subject.size() + 4);
    RC_ASSERT(uncovered);
  }
}

}  // namespace
}  // namespace dunlin::format
