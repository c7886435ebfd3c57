// A stream of S2: chunks, each with a type and a length, most with a checksum of what they hold.
// Snappy's framing with larger blocks.
// https://github.com/google/snappy/blob/main/framing_format.txt
//
// An empty stream is no bytes at all, or an identifier alone. A stream may begin again in the
// middle (streams may be concatenated).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dunlin::s2 {

// The largest block that a reader takes: 64 KiB in a stream that calls itself Snappy's.
inline constexpr uint64_t kBlockBytesMax = 4u << 20;
inline constexpr uint64_t kSnappyBlockBytesMax = 64u << 10;
// Of the ones we write; the reference's default.
inline constexpr size_t kBlockBytes = 1u << 20;

enum class StreamFault : uint8_t {
  kNone,
  kShort,         // Ends in the middle of a chunk.
  kNoIdentifier,  // Does not begin with one, or with another one.
  kUnknownChunk,  // Of a kind that must not be skipped.
  kBadBlock,      // Compressed bytes, or lengths, that cannot be.
  kBadChecksum,
  kTooLong,  // More than the caller's bound.
};
[[nodiscard]] const char* Describe(StreamFault fault);

// CRC-32C, masked, as chunks carry it: so that a checksum of bytes that hold their checksum is
// worth something.
[[nodiscard]] uint32_t ChunkChecksum(std::string_view plain);

// Decodes a stream chunk by chunk, so that an owner can do so in slices:
//
//   StreamDecoder decoder(bytes, bytes_max, &out);
//   while (decoder.Step()) {}
//   if (decoder.fault() != StreamFault::kNone) ... at decoder.offset()
class StreamDecoder {
 public:
  // Appends to 'out', at most 'bytes_max' bytes. REQUIRES: 'stream' and 'out' outlive this.
  StreamDecoder(std::string_view stream, uint64_t bytes_max, std::string* out)
      : stream_(stream), bytes_left_(bytes_max), out_(out) {}

  // Does the next chunk, at most kBlockBytesMax of output. False: at the end, or damaged.
  [[nodiscard]] bool Step();

  StreamFault fault() const { return fault_; }
  uint64_t offset() const { return offset_; }  // Of the chunk that comes next, or is damaged.

 private:
  bool Fail(StreamFault fault);
  bool Identifier(std::string_view body);
  bool Data(std::string_view body, bool compressed);

  const std::string_view stream_;
  uint64_t bytes_left_;
  std::string* const out_;
  uint64_t offset_ = 0;
  uint64_t block_bytes_max_ = 0;  // 0: no identifier yet.
  StreamFault fault_ = StreamFault::kNone;
};

// The whole at once.
[[nodiscard]] StreamFault DecodeStream(std::string_view stream, uint64_t bytes_max,
                                       std::string* out);

// Encodes a stream piece by piece: the identifier, then each piece as chunks of at most
// kBlockBytes, compressed if that is worth it. Nothing for no bytes.
class StreamEncoder {
 public:
  // Appends to 'out'. REQUIRES: it outlives this.
  explicit StreamEncoder(std::string* out) : out_(out) {}
  void Append(std::string_view plain);

 private:
  void AppendChunk(std::string_view plain);

  std::string* const out_;
  bool begun_ = false;
};
void EncodeStream(std::string_view plain, std::string* out);

}  // namespace dunlin::s2
