#include "storage/s2/block.h"

#include <snappy-c.h>

#include <cstring>

#include "engine/base/check.h"

namespace dunlin::s2 {
namespace {

// The low bits of a tag.
enum Tag : uint8_t { kLiteral = 0, kCopy1 = 1, kCopy2 = 2, kCopy4 = 3 };

// The length, and in how many bytes it stands. 0 bytes: none.
struct Length {
  uint64_t value = 0;
  size_t bytes = 0;
};
Length ReadLength(std::string_view block) {
  Length length;
  for (size_t i = 0; i < 5 && i < block.size(); ++i) {
    const auto byte = static_cast<uint8_t>(block[i]);
    length.value |= uint64_t{byte & 0x7fu} << (7 * i);
    if (byte >= 0x80) continue;
    if (length.value > UINT32_MAX) return {};
    length.bytes = i + 1;
    return length;
  }
  return {};
}

class Decoder {
 public:
  Decoder(std::string_view in, char* out, size_t out_bytes)
      : in_(reinterpret_cast<const uint8_t*>(in.data())),
        in_end_(in_ + in.size()),
        begin_(out),
        out_(out),
        out_end_(out + out_bytes) {}

  bool Run() {
    while (in_ < in_end_) {
      if (!Element()) return false;
    }
    return out_ == out_end_;
  }

 private:
  bool Element() {
    const uint8_t tag = *in_++;
    switch (tag & 3) {
      case kLiteral: return Literal(tag >> 2);
      case kCopy1: return ShortCopy(tag);
      case kCopy2: return ReadOffset(2) && Copy((tag >> 2) + 1);
      default: return ReadOffset(4) && Copy((tag >> 2) + 1);
    }
  }

  // A number of 1 to 4 bytes.
  bool ReadNumber(size_t bytes, uint64_t* number) {
    if (bytes > static_cast<size_t>(in_end_ - in_)) return false;
    *number = 0;
    for (size_t i = 0; i < bytes; ++i) *number |= uint64_t{in_[i]} << (8 * i);
    in_ += bytes;
    return true;
  }
  bool ReadOffset(size_t bytes) { return ReadNumber(bytes, &offset_); }

  bool Literal(uint64_t length) {
    constexpr uint64_t kLongest = 59;
    if (length > kLongest && !ReadNumber(length - kLongest, &length)) return false;
    ++length;
    if (length > static_cast<size_t>(in_end_ - in_) ||
        length > static_cast<size_t>(out_end_ - out_)) {
      return false;
    }
    std::memcpy(out_, in_, length);
    in_ += length;
    out_ += length;
    return true;
  }

  bool ShortCopy(uint8_t tag) {
    uint64_t low = 0;
    if (!ReadNumber(1, &low)) return false;
    const uint64_t offset = uint64_t{tag & 0xe0u} << 3 | low;
    uint64_t length = (tag >> 2) & 7;
    if (offset != 0) {
      offset_ = offset;
      return Copy(length + 4);
    }
    // Snappy has no offset of 0: here it is the last one again.
    constexpr uint64_t kLonger[] = {4, 1 << 8, 1 << 16};
    if (length >= 5) {
      const uint64_t more = length - 5;
      if (!ReadNumber(more + 1, &length)) return false;
      length += kLonger[more];
    }
    return Copy(length + 4);
  }

  bool Copy(uint64_t length) {
    if (offset_ == 0 || offset_ > static_cast<size_t>(out_ - begin_) ||
        length > static_cast<size_t>(out_end_ - out_)) {
      return false;
    }
    const char* from = out_ - offset_;
    if (offset_ >= length) {
      std::memcpy(out_, from, length);
      out_ += length;
      return true;
    }
    // It copies what it has just written: a pattern, which doubles.
    while (length > 0) {
      const size_t have = static_cast<size_t>(out_ - from);
      const size_t n = have < length ? have : length;
      std::memcpy(out_, from, n);
      out_ += n;
      length -= n;
    }
    return true;
  }

  const uint8_t* in_;
  const uint8_t* const in_end_;
  char* const begin_;
  char* out_;
  char* const out_end_;
  uint64_t offset_ = 0;  // None yet.
};

}  // namespace

std::optional<uint64_t> DecodedBytes(std::string_view block) {
  const Length length = ReadLength(block);
  if (length.bytes == 0) return std::nullopt;
  return length.value;
}

bool DecodeBlock(std::string_view block, uint64_t bytes_max, std::string* out) {
  const Length length = ReadLength(block);
  if (length.bytes == 0 || length.value > bytes_max) return false;
  const size_t before = out->size();
  out->resize(before + length.value);
  Decoder decoder(block.substr(length.bytes), out->data() + before, length.value);
  if (decoder.Run()) return true;
  out->resize(before);
  return false;
}

void EncodeBlock(std::string_view plain, std::string* out) {
  const size_t before = out->size();
  size_t bytes = snappy_max_compressed_length(plain.size());
  out->resize(before + bytes);
  CHECK(snappy_compress(plain.data(), plain.size(), out->data() + before, &bytes) == SNAPPY_OK);
  out->resize(before + bytes);
}

}  // namespace dunlin::s2
