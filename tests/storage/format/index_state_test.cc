#include "storage/format/index_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "storage/format/checksum_key.h"
#include "tests/storage/format/hex.h"

namespace dunlin::format {
namespace {

using Piece = IndexReader::Piece;

// index.db beside the block in record_test.cc: six messages, 4 and 5 deleted.
std::string ReferenceIndex() {
  const std::string head = FromHex(
      "0b0404a70101ead8d8f2f9d89eea3106deb8a4f3f9d89eea310303612e3201010103612e310201010"
      "3612e330101010101a701010006f4df4b020000160201000000020000000000000000000000300000");
  const std::string tail = FromHex("010001656e458a02a0561b63fffb5a0aeb1782");
  return head + std::string(353 - head.size() - tail.size(), '\0') + tail;
}

struct Index {
  std::map<std::string, IndexSubject> subjects;
  std::vector<IndexBlock> blocks;
  Piece last = Piece::kSubject;
};
Index ReadAll(IndexReader* reader) {
  Index index;
  while (true) {
    index.last = reader->Next();
    if (index.last == Piece::kSubject) {
      IndexSubject subject = reader->subject();
      const std::string name(subject.subject);
      subject.subject = {};
      index.subjects[name] = subject;
    } else if (index.last == Piece::kBlock) {
      index.blocks.push_back(reader->block());
    } else {
      return index;
    }
  }
}

TEST(IndexState, ReadsWhatTheReferenceWrote) {
  const std::string file = ReferenceIndex();
  std::string_view content;
  ASSERT_TRUE(CheckIndexFile(file, StreamChecksum("S"), &content).ok());
  IndexReader reader(content);
  EXPECT_EQ(reader.version(), 4);
  EXPECT_EQ(reader.stream().msgs, 4u);
  EXPECT_EQ(reader.stream().bytes, 167u);
  EXPECT_EQ(reader.stream().last_seq, 6u);
  EXPECT_EQ(FormatRfc3339(reader.stream().first_time), "2026-11-22T02:35:00.347328053Z");
  const Index index = ReadAll(&reader);
  ASSERT_EQ(index.last, Piece::kEnd);
  ASSERT_EQ(index.subjects.size(), 3u);
  EXPECT_EQ(index.subjects.at("a.1"), (IndexSubject{{}, 2, 1, 1}));
  ASSERT_EQ(index.blocks.size(), 1u);
  EXPECT_EQ(index.blocks[0].first_seq, 1u);
  EXPECT_EQ(index.blocks[0].last_seq, 6u);
  EXPECT_EQ(index.blocks[0].last_time, reader.stream().last_time);
  EXPECT_EQ(index.blocks[0].msgs(), 4u);
  EXPECT_TRUE(index.blocks[0].deleted.Contains(4) && index.blocks[0].deleted.Contains(5));
  EXPECT_EQ(reader.tail().last_block, 1u);
  EXPECT_EQ(reader.tail().last_checksum, 0x1b56a0028a456e65u);  // That of the last record.
}

TEST(IndexState, WritesTheSameBytesAsTheReference) {
  const std::string file = ReferenceIndex();
  const std::string_view content = std::string_view(file).substr(0, file.size() - 8);
  IndexReader reader(content);
  std::string written;
  IndexWriter writer(reader.stream(), reader.subjects(), &written);
  bool blocks = false;
  for (Piece piece = reader.Next(); piece != Piece::kEnd; piece = reader.Next()) {
    ASSERT_NE(piece, Piece::kDamaged);
    if (piece == Piece::kSubject) {
      writer.Add(reader.subject());
    } else {
      if (!blocks) writer.BeginBlocks(1);
      blocks = true;
      writer.Add(reader.block());
    }
  }
  writer.End(reader.tail());
  AppendIndexChecksum(StreamChecksum("S"), &written);
  EXPECT_EQ(written, file);
}

TEST(IndexState, IsRefusedUnderAnotherStreamsNameOrChanged) {
  std::string file = ReferenceIndex();
  std::string_view content;
  EXPECT_EQ(CheckIndexFile(file, StreamChecksum("T"), &content).fault, Fault::kBadChecksum);
  EXPECT_EQ(CheckIndexFile(file.substr(0, 31), StreamChecksum("S"), &content).fault, Fault::kShort);
  file[100] ^= 1;
  EXPECT_EQ(CheckIndexFile(file, StreamChecksum("S"), &content).fault, Fault::kBadChecksum);
}

// A stream with one subject and one block, as older versions wrote it.
std::string Old(int version, std::string_view msgs) {
  std::string bytes = "\x0b";
  bytes += static_cast<char>(version);
  bytes += FromHex(std::string(msgs) +
                   "64"
                   "01"
                   "c801"
                   "01"
                   "c801");  // Base time 100.
  bytes += FromHex(
      "01"
      "0161" +
      std::string(msgs) + "03");
  if (version >= 4 || msgs != "01") bytes += "\x05";
  bytes += FromHex(
      "01"
      "05"
      "64"
      "01"
      "00"
      "01"
      "00"
      "00");
  if (version >= 2) bytes += "\x07";
  if (version >= 3) bytes += "\x08";
  return bytes + FromHex(
                     "05"
                     "0102030405060708");
}

TEST(IndexState, ReadsAllVersions) {
  for (int version = 1; version <= 4; ++version) {
    for (const char* msgs : {"01", "02"}) {
      const std::string bytes = Old(version, msgs);
      IndexReader reader(bytes);
      const Index index = ReadAll(&reader);
      ASSERT_EQ(index.last, Piece::kEnd) << version << " " << Describe(reader.damage());
      const bool known = version == 4 || std::string_view(msgs) != "01";
      EXPECT_EQ(index.subjects.at("a").last_block, known ? 5u : 3u);
      EXPECT_EQ(index.blocks.at(0).ttls, version >= 2 ? 7u : 0u);
      EXPECT_EQ(index.blocks.at(0).schedules, version >= 3 ? 8u : 0u);
      EXPECT_EQ(index.blocks.at(0).first_time, WallTime{100});
      EXPECT_EQ(reader.tail().last_checksum, 0x0807060504030201u);
    }
  }
}

Fault FaultOf(std::string_view bytes) {
  IndexReader reader(bytes);
  (void)ReadAll(&reader);
  return reader.damage().fault;
}

TEST(IndexState, SaysWhatIsDamaged) {
  EXPECT_EQ(FaultOf(""), Fault::kShort);
  EXPECT_EQ(FaultOf(Old(5, "01")), Fault::kBadVersion);
  EXPECT_EQ(FaultOf(Old(0, "01")), Fault::kBadVersion);
  EXPECT_EQ(FaultOf("\x0c" + Old(4, "01").substr(1)), Fault::kBadMagic);
  EXPECT_EQ(FaultOf(Old(4, "01") + "x"), Fault::kTrailing);
  std::string no_subject = Old(4, "01");
  no_subject[no_subject.find('a')] = ' ';
  EXPECT_EQ(FaultOf(no_subject), Fault::kBadValue);
  const std::string whole = Old(4, "02");
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_EQ(FaultOf(whole.substr(0, cut)), Fault::kShort) << cut;
  }
}

RC_GTEST_PROP(IndexStateProperty, ReadsBackWhatItWrites,
              (uint64_t msgs, int64_t first_time, uint16_t subjects,
               const std::vector<std::tuple<uint32_t, int64_t, std::set<uint16_t>>>& blocks)) {
  subjects %= 50;
  IndexStream stream{msgs, msgs * 3, 1, {first_time}, 9, {first_time / 2}};
  std::string bytes;
  IndexWriter writer(stream, subjects, &bytes);
  for (uint32_t i = 0; i < subjects; ++i) {
    writer.Add(IndexSubject{"s." + std::to_string(i), i + msgs, i, i * 2});
  }
  writer.BeginBlocks(blocks.size());
  std::vector<IndexBlock> expected;
  for (const auto& [number, time, deleted] : blocks) {
    IndexBlock block{number, msgs / 2, 1000, {time}, 1000 + 70'000, {time + 1}, 3, 4, {}};
    for (const uint16_t seq : deleted) block.deleted.Insert(1000u + seq);
    writer.Add(block);
    expected.push_back(block);
  }
  writer.End({77, msgs});

  IndexReader reader(bytes);
  RC_ASSERT(reader.stream() == stream);
  const Index index = ReadAll(&reader);
  RC_ASSERT(index.last == Piece::kEnd);
  RC_ASSERT(index.subjects.size() == subjects);
  for (uint32_t i = 0; i < subjects; ++i) {
    RC_ASSERT(index.subjects.at("s." + std::to_string(i)) ==
              (IndexSubject{{}, i + msgs, i, i * 2}));
  }
  RC_ASSERT(index.blocks == expected);
  RC_ASSERT(reader.tail() == (IndexTail{77, msgs}));
}

}  // namespace
}  // namespace dunlin::format
