#include "storage/format/byte_reader.h"

#include "storage/format/little_endian.h"

namespace dunlin::format {

void ByteReader::Fail(Fault fault, uint64_t offset) {
  if (damage_.ok()) damage_ = {fault, offset};
}

std::string_view ByteReader::Bytes(uint64_t count) {
  if (!ok()) return {};
  if (count > left()) {
    Fail(Fault::kShort);
    return {};
  }
  const std::string_view bytes = bytes_.substr(offset_, count);
  offset_ += count;
  return bytes;
}

uint8_t ByteReader::U8() {
  const std::string_view bytes = Bytes(1);
  return bytes.empty() ? 0 : static_cast<uint8_t>(bytes[0]);
}

uint16_t ByteReader::U16() {
  const std::string_view bytes = Bytes(2);
  return bytes.empty() ? 0 : GetU16(bytes.data());
}

uint64_t ByteReader::U64() {
  const std::string_view bytes = Bytes(8);
  return bytes.empty() ? 0 : GetU64(bytes.data());
}

uint64_t ByteReader::Uvarint() {
  if (!ok()) return 0;
  uint64_t value = 0;
  for (uint64_t i = 0; i < 10; ++i) {
    if (offset_ + i >= bytes_.size()) {
      Fail(Fault::kShort);
      return 0;
    }
    const auto byte = static_cast<uint8_t>(bytes_[offset_ + i]);
    if (i == 9 && byte > 1) break;  // More than 64 bits.
    value |= uint64_t{byte & 0x7fu} << (7 * i);
    if (byte < 0x80) {
      offset_ += i + 1;
      return value;
    }
  }
  Fail(Fault::kBadValue);
  return 0;
}

int64_t ByteReader::Varint() {
  const uint64_t zigzag = Uvarint();
  return static_cast<int64_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
}

uint32_t ByteReader::Uvarint32() {
  const uint64_t at = offset_;
  const uint64_t value = Uvarint();
  if (value > UINT32_MAX) Fail(Fault::kBadValue, at);
  return ok() ? static_cast<uint32_t>(value) : 0;
}

void AppendU32(uint32_t value, std::string* out) {
  uint8_t bytes[sizeof(value)];
  PutU32(value, bytes);
  out->append(reinterpret_cast<const char*>(bytes), sizeof(bytes));
}

void AppendU64(uint64_t value, std::string* out) {
  uint8_t bytes[sizeof(value)];
  PutU64(value, bytes);
  out->append(reinterpret_cast<const char*>(bytes), sizeof(bytes));
}

void AppendUvarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

void AppendVarint(int64_t value, std::string* out) {
  const auto bits = static_cast<uint64_t>(value);
  AppendUvarint((bits << 1) ^ (value < 0 ? ~uint64_t{0} : 0), out);
}

}  // namespace dunlin::format
