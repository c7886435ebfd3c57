// Why the bytes of a metadata or index file are not what they should be, and where.
#pragma once

#include <cstdint>
#include <string>

namespace dunlin::format {

enum class Fault : uint8_t {
  kNone,
  kShort,        // The bytes end in the middle of something.
  kTrailing,     // The bytes go on after the end.
  kBadMagic,     // Another kind of file.
  kBadVersion,   // A version that we do not know.
  kBadChecksum,  // The bytes are not those that were written.
  kBadValue,     // A number or name that cannot be, or contradicts another one.
  kBadCipher,    // Does not open with this key and cipher.
};
[[nodiscard]] const char* Describe(Fault fault);

struct [[nodiscard]] Damage {
  Fault fault = Fault::kNone;
  uint64_t offset = 0;  // Of the plain bytes: after decryption and decompression.

  bool ok() const { return fault == Fault::kNone; }
  bool operator==(const Damage&) const = default;
};

// 'invalid checksum at offset 17'.
[[nodiscard]] std::string Describe(const Damage& damage);

}  // namespace dunlin::format
