#include "storage/s2/stream.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/base/rng.h"
#include "tests/storage/format/hex.h"

namespace dunlin::s2 {
namespace {

const std::string& S2Head() {
  static const std::string* const head = new std::string(FromHex("ff060000") + "S2sTwO");
  return *head;
}

StreamFault FaultOf(const std::string& stream, uint64_t bytes_max = 1 << 23) {
  std::string out;
  return DecodeStream(stream, bytes_max, &out);
}

std::string Chunk(uint8_t type, const std::string& body) {
  std::string chunk(1, static_cast<char>(type));
  for (int shift = 0; shift < 24; shift += 8) {
    chunk += static_cast<char>(body.size() >> shift);
  }
  return chunk + body;
}

std::string Crc(std::string_view plain) {
  const uint32_t crc = ChunkChecksum(plain);
  return {reinterpret_cast<const char*>(&crc), sizeof(crc)};
}

TEST(S2Stream, KnowsAllKindsOfChunks) {
  std::string out;
  const std::string stream = S2Head() + Chunk(0x01, Crc("plain ") + "plain ") +
                             Chunk(0x80, "skipped") + Chunk(0x99, "an index") +
                             Chunk(0xfe, "padding") +
                             Chunk(0x00, Crc("abcabca") + FromHex("07086162630103")) + S2Head() +
                             Chunk(0x01, Crc("") + "");
  EXPECT_EQ(DecodeStream(stream, 100, &out), StreamFault::kNone);
  EXPECT_EQ(out, "plain abcabca");
  EXPECT_EQ(DecodeStream(FromHex("ff060000") + "sNaPpY" + Chunk(1, Crc("x") + "x"), 1, &out),
            StreamFault::kNone);
}

TEST(S2Stream, RefusesWhatCannotBe) {
  EXPECT_EQ(FaultOf(""), StreamFault::kNone);
  EXPECT_EQ(FaultOf(S2Head()), StreamFault::kNone);
  EXPECT_EQ(FaultOf(S2Head().substr(0, 3)), StreamFault::kShort);
  EXPECT_EQ(FaultOf(S2Head().substr(0, 9)), StreamFault::kShort);
  EXPECT_EQ(FaultOf(Chunk(0x80, "")), StreamFault::kNoIdentifier);
  EXPECT_EQ(FaultOf(Chunk(0xff, "S2sTw0")), StreamFault::kNoIdentifier);
  EXPECT_EQ(FaultOf(S2Head() + Chunk(0x02, "x")), StreamFault::kUnknownChunk);
  EXPECT_EQ(FaultOf(S2Head() + Chunk(0x7f, "x")), StreamFault::kUnknownChunk);
  EXPECT_EQ(FaultOf(S2Head() + Chunk(0x01, "abc")), StreamFault::kBadBlock);
  EXPECT_EQ(FaultOf(S2Head() + Chunk(0x00, "abcd")), StreamFault::kBadBlock);
  EXPECT_EQ(FaultOf(S2Head() + Chunk(0x01, Crc("x") + "y")), StreamFault::kBadChecksum);
  EXPECT_EQ(FaultOf(S2Head() + Chunk(0x01, Crc("xy") + "xy"), 1), StreamFault::kTooLong);
  // A block of 4 MiB and one, in three bytes of promise.
  EXPECT_EQ(FaultOf(S2Head() + Chunk(0x00, Crc("x") + FromHex("81808002"))),
            StreamFault::kBadBlock);
  // 64 KiB and one where Snappy's own framing was announced.
  EXPECT_EQ(FaultOf(FromHex("ff060000") + "sNaPpY" + Chunk(0x00, Crc("x") + FromHex("818004"))),
            StreamFault::kBadBlock);
}

TEST(S2Stream, LeavesAloneWhatDoesNotCompress) {
  std::string noise;
  Rng rng(5);
  for (int i = 0; i < 1000; ++i) noise += static_cast<char>(rng.Next() >> 13);
  std::string stream;
  EncodeStream(noise, &stream);
  EXPECT_EQ(stream, S2Head() + Chunk(0x01, Crc(noise) + noise));
  stream.clear();
  EncodeStream("", &stream);
  EXPECT_EQ(stream, "");
}

TEST(S2Stream, CutsWhatIsLongIntoBlocks) {
  std::string plain;
  for (int i = 0; plain.size() <= 2 * kBlockBytes + 100; ++i)
    plain += std::to_string(i) + " bottles ";
  std::string stream;
  StreamEncoder encoder(&stream);
  encoder.Append(std::string_view(plain).substr(0, 100));
  encoder.Append(std::string_view(plain).substr(100));
  std::string out;
  StreamDecoder decoder(stream, plain.size(), &out);
  int steps = 0;
  while (decoder.Step()) ++steps;
  EXPECT_EQ(steps, 5);
  EXPECT_EQ(out, plain);
  EXPECT_LT(stream.size(), plain.size() / 2);
}

RC_GTEST_PROP(S2StreamProperty, NeverGivesOutOtherBytesThanWentIn,
              (const std::string& text, uint8_t times, uint8_t flip)) {
  std::string plain;
  for (int i = 0; i < times; ++i) plain += text;
  std::string stream;
  EncodeStream(plain, &stream);
  std::string out;
  RC_ASSERT(DecodeStream(stream, plain.size(), &out) == StreamFault::kNone);
  RC_ASSERT(out == plain);
  RC_PRE(!stream.empty());
  stream[*rc::gen::inRange<size_t>(0, stream.size())] ^= static_cast<char>(flip | 1);
  out.clear();
  // Whole, or a part of it: chunks are skipped by their type, and the rest was checked.
  if (DecodeStream(stream, plain.size(), &out) == StreamFault::kNone) {
    RC_ASSERT(out.size() <= plain.size());
  } else {
    RC_ASSERT(plain.starts_with(out));
  }
}

}  // namespace
}  // namespace dunlin::s2
