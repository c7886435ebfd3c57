// Reads the numbers of the reference's index files one after the other, and its varints (Go's
// encoding/binary) in particular. After the first thing that cannot be read, everything reads as 0
// and damage() says where that was; so a decoder checks once, at the end of a group.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/format/damage.h"

namespace dunlin::format {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes, uint64_t offset = 0)
      : bytes_(bytes), offset_(offset) {}

  uint8_t U8();
  uint16_t U16();
  uint64_t U64();
  uint64_t Uvarint();
  int64_t Varint();  // Zigzag.
  std::string_view Bytes(uint64_t count);
  // A varint that does not fit is kBadValue.
  uint32_t Uvarint32();

  // What is left, for a decoder that says afterwards how much of it was its own.
  std::string_view Rest() const { return bytes_.substr(offset_); }
  void Skip(uint64_t count) { (void)Bytes(count); }

  uint64_t offset() const { return offset_; }
  uint64_t left() const { return bytes_.size() - offset_; }
  bool at_end() const { return left() == 0; }

  bool ok() const { return damage_.ok(); }
  const Damage& damage() const { return damage_; }
  void Fail(Fault fault) { Fail(fault, offset_); }
  void Fail(Fault fault, uint64_t offset);

 private:
  const std::string_view bytes_;
  uint64_t offset_;
  Damage damage_;
};

// Little-endian.
void AppendU32(uint32_t value, std::string* out);
void AppendU64(uint64_t value, std::string* out);
void AppendUvarint(uint64_t value, std::string* out);
void AppendVarint(int64_t value, std::string* out);

}  // namespace dunlin::format
