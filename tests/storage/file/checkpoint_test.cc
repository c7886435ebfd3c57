// What a checkpoint is as bytes.
#include "storage/file/checkpoint.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "storage/format/byte_reader.h"
#include "storage/format/checksum_key.h"
#include "storage/format/little_endian.h"

namespace dunlin::file {
namespace {

// Before the live blocks: magic, version, and what is said of the stream as a whole.
constexpr size_t kBlocksAt = 5 + 16 + 5 * 8 + 4 + 8;
constexpr size_t kVersionAt = 4;

Checkpoint Example() {
  Checkpoint out;
  for (uint8_t& byte : out.incarnation.bytes) byte = 7;
  out.number = 41;
  out.floor = 3;
  out.last = {90, WallTime{1234}};
  out.msgs = 60;
  out.head = 9;
  out.head_bytes = 777;
  out.blocks = {2, 5, 9};
  out.lengths = {4000, 0, 5'000'000'000};
  out.other = OtherFile{2, 3000};
  out.cuts = {{5, 44}};
  out.erasures = {2, 5};
  out.purge = PurgeIntent{80, "a.*"};
  out.unsure = {5};
  out.index = {{3, 1000, 0xfeed}};
  return out;
}

std::string Encode(const Checkpoint& checkpoint) {
  return EncodeCheckpoint(checkpoint, format::StreamChecksum("S"));
}
std::optional<Checkpoint> Decode(std::string_view bytes) {
  return DecodeCheckpoint(bytes, format::StreamChecksum("S"));
}

// Its checksum made to fit.
std::string Sealed(std::string content) {
  format::AppendU64(format::StreamChecksum("S").Of(content), &content);
  return content;
}
std::string Unsealed(const std::string& bytes) { return bytes.substr(0, bytes.size() - 8); }

// As it was before there was another file, and before there were lengths.
std::string OfVersion(char version, const Checkpoint& checkpoint) {
  std::string content = Unsealed(Encode(checkpoint));
  content[kVersionAt] = version;
  const size_t lengths_at = kBlocksAt + 4 + 4 * checkpoint.blocks.size();
  content.erase(lengths_at + 8 * checkpoint.blocks.size(), 4 + 8);
  if (version == 3) content.erase(lengths_at, 8 * checkpoint.blocks.size());
  return Sealed(content);
}

TEST(Checkpoint, IsReadAsItWasWritten) { EXPECT_EQ(Decode(Encode(Example())), Example()); }

RC_GTEST_PROP(CheckpointProperty, KeepsTheLengthOfEachBlock,
              (const std::vector<uint64_t>& lengths)) {
  Checkpoint checkpoint = Example();
  checkpoint.blocks.clear();
  for (const uint64_t length : lengths) {
    checkpoint.blocks.push_back(checkpoint.blocks.empty() ? 1 : checkpoint.blocks.back() + 2);
    (void)length;
  }
  checkpoint.lengths = lengths;
  RC_ASSERT(Decode(Encode(checkpoint)) == checkpoint);
}

TEST(Checkpoint, OfVersion3SaysNothingOfLengths) {
  Checkpoint wanted = Example();
  wanted.lengths = {0, 0, 0};
  wanted.other.reset();
  EXPECT_EQ(Decode(OfVersion(3, Example())), wanted);
}

TEST(Checkpoint, OfVersion4SaysNothingOfTheLengthsOfUnsureBlocks) {
  Checkpoint checkpoint = Example();
  checkpoint.lengths[1] = 6000;
  EXPECT_EQ(Decode(Encode(checkpoint)), checkpoint);
  const std::string before = OfVersion(4, checkpoint);
  checkpoint.lengths[1] = 0;
  checkpoint.other.reset();
  EXPECT_EQ(Decode(before), checkpoint);
}

TEST(Checkpoint, ThatSpeaksOfNoOtherFileIsReadAsItWasWritten) {
  Checkpoint checkpoint = Example();
  checkpoint.other.reset();
  EXPECT_EQ(Decode(Encode(checkpoint)), checkpoint);
}

TEST(Checkpoint, OfAnUnknownVersionIsRefused) {
  std::string content = Unsealed(Encode(Example()));
  for (const char version : {0, 2, 6}) {
    content[kVersionAt] = version;
    EXPECT_EQ(Decode(Sealed(content)), std::nullopt) << int{version};
  }
}

TEST(Checkpoint, OfAnotherStreamIsRefused) {
  EXPECT_EQ(DecodeCheckpoint(Encode(Example()), format::StreamChecksum("T")), std::nullopt);
}

TEST(Checkpoint, ThatIsDamagedIsRefused) {
  const std::string bytes = Encode(Example());
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_EQ(Decode(damaged), std::nullopt) << at;
    EXPECT_EQ(Decode(bytes.substr(0, at)), std::nullopt) << at;
  }
}

// Counts of more than there is, and bytes that nothing speaks of: whoever forged it.
TEST(Checkpoint, ThatIsTooShortForItsCountsIsRefused) {
  const std::string content = Unsealed(Encode(Example()));
  for (size_t bytes = 0; bytes < content.size(); ++bytes)
    EXPECT_EQ(Decode(Sealed(content.substr(0, bytes))), std::nullopt) << bytes;
  EXPECT_EQ(Decode(Sealed(content + '\0')), std::nullopt);
  std::string without = content;
  without.erase(kBlocksAt + 4 + 4 * 3 + 8 * 2, 8);  // One length.
  EXPECT_EQ(Decode(Sealed(without)), std::nullopt);
  std::string many = content;
  format::PutU32(UINT32_MAX, reinterpret_cast<uint8_t*>(many.data()) + kBlocksAt);
  EXPECT_EQ(Decode(Sealed(many)), std::nullopt);
}

}  // namespace
}  // namespace dunlin::file
