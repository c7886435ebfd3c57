#include "storage/s2/stream.h"

#include <cstring>

#include "engine/base/crc32c.h"
#include "storage/s2/block.h"

namespace dunlin::s2 {
namespace {

constexpr uint8_t kCompressed = 0x00, kUncompressed = 0x01, kFirstSkippable = 0x80,
                  kIdentifier = 0xff;
constexpr std::string_view kS2Name = "S2sTwO", kSnappyName = "sNaPpY";
constexpr size_t kHeadBytes = 4, kCrcBytes = 4;

uint32_t ReadU32(const char* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

void AppendHead(uint8_t type, size_t length, std::string* out) {
  out->push_back(static_cast<char>(type));
  for (int shift = 0; shift < 24; shift += 8) out->push_back(static_cast<char>(length >> shift));
}

}  // namespace

uint32_t ChunkChecksum(std::string_view plain) {
  const uint32_t crc = Crc32c(0, {reinterpret_cast<const uint8_t*>(plain.data()), plain.size()});
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8;
}

const char* Describe(StreamFault fault) {
  switch (fault) {
    case StreamFault::kNone: return "no damage";
    case StreamFault::kShort: return "cut short";
    case StreamFault::kNoIdentifier: return "not a compressed stream";
    case StreamFault::kUnknownChunk: return "unknown chunk";
    case StreamFault::kBadBlock: return "bad compressed block";
    case StreamFault::kBadChecksum: return "invalid checksum of a compressed block";
    case StreamFault::kTooLong: return "longer than it may be";
  }
  return "";
}

bool StreamDecoder::Fail(StreamFault fault) {
  fault_ = fault;
  return false;
}

bool StreamDecoder::Step() {
  if (fault_ != StreamFault::kNone || offset_ == stream_.size()) return false;
  const std::string_view left = stream_.substr(offset_);
  if (left.size() < kHeadBytes) return Fail(StreamFault::kShort);
  const uint32_t head = ReadU32(left.data());
  const auto type = static_cast<uint8_t>(head);
  const size_t length = head >> 8;
  if (type != kIdentifier && block_bytes_max_ == 0) return Fail(StreamFault::kNoIdentifier);
  if (length > left.size() - kHeadBytes) return Fail(StreamFault::kShort);
  const std::string_view body = left.substr(kHeadBytes, length);
  if (type == kIdentifier) {
    if (!Identifier(body)) return false;
  } else if (type == kCompressed || type == kUncompressed) {
    if (!Data(body, type == kCompressed)) return false;
  } else if (type < kFirstSkippable) {
    return Fail(StreamFault::kUnknownChunk);
  }
  offset_ += kHeadBytes + length;
  return true;
}

bool StreamDecoder::Identifier(std::string_view body) {
  if (body == kS2Name) {
    block_bytes_max_ = kBlockBytesMax;
  } else if (body == kSnappyName) {
    block_bytes_max_ = kSnappyBlockBytesMax;
  } else {
    return Fail(StreamFault::kNoIdentifier);
  }
  return true;
}

bool StreamDecoder::Data(std::string_view body, bool compressed) {
  if (body.size() < kCrcBytes) return Fail(StreamFault::kBadBlock);
  const uint32_t crc = ReadU32(body.data());
  const std::string_view data = body.substr(kCrcBytes);
  uint64_t bytes = data.size();
  if (compressed) {
    const auto decoded = DecodedBytes(data);
    if (!decoded) return Fail(StreamFault::kBadBlock);
    bytes = *decoded;
  }
  if (bytes > block_bytes_max_) return Fail(StreamFault::kBadBlock);
  if (bytes > bytes_left_) return Fail(StreamFault::kTooLong);
  const size_t before = out_->size();
  if (!compressed) {
    out_->append(data);
  } else if (!DecodeBlock(data, bytes, out_)) {
    return Fail(StreamFault::kBadBlock);
  }
  if (ChunkChecksum(std::string_view(*out_).substr(before)) != crc) {
    out_->resize(before);
    return Fail(StreamFault::kBadChecksum);
  }
  bytes_left_ -= bytes;
  return true;
}

StreamFault DecodeStream(std::string_view stream, uint64_t bytes_max, std::string* out) {
  StreamDecoder decoder(stream, bytes_max, out);
  while (decoder.Step()) {
  }
  return decoder.fault();
}

void StreamEncoder::Append(std::string_view plain) {
  for (; !plain.empty(); plain.remove_prefix(std::min(plain.size(), kBlockBytes))) {
    AppendChunk(plain.substr(0, kBlockBytes));
  }
}

void StreamEncoder::AppendChunk(std::string_view plain) {
  if (!begun_) {
    AppendHead(kIdentifier, kS2Name.size(), out_);
    out_->append(kS2Name);
    begun_ = true;
  }
  const size_t at = out_->size();
  AppendHead(kCompressed, 0, out_);
  const uint32_t crc = ChunkChecksum(plain);
  out_->append(reinterpret_cast<const char*>(&crc), sizeof(crc));
  const size_t before = out_->size();
  EncodeBlock(plain, out_);
  uint8_t type = kCompressed;
  if (out_->size() - before > plain.size() - plain.size() / 8) {  // Not worth it.
    out_->resize(before);
    out_->append(plain);
    type = kUncompressed;
  }
  std::string head;
  AppendHead(type, out_->size() - at - kHeadBytes, &head);
  out_->replace(at, kHeadBytes, head);
}

void EncodeStream(std::string_view plain, std::string* out) { StreamEncoder(out).Append(plain); }

}  // namespace dunlin::s2
