// The hash of subjects and tokens, and their comparison: inline, since they are most of a look-up.
//
// Multiply and fold, 16 bytes a round, the tail read so that it overlaps what came before instead
// of byte by byte. The same on every little-endian machine and build. Seeded, so that a peer cannot
// choose subjects that collide; not for secrets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dunlin::subject {

inline uint64_t Load64(const char* p) {
  uint64_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

inline uint32_t Load32(const char* p) {
  uint32_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

inline uint64_t Fold(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

[[nodiscard]] inline uint64_t HashText(std::string_view text, uint64_t seed) {
  constexpr uint64_t k0 = 0x9ddfea08eb382d69, k1 = 0xc2b2ae3d27d4eb4f, k2 = 0x165667b19e3779f9;
  const char* p = text.data();
  const size_t size = text.size();
  uint64_t state = seed ^ k0;
  uint64_t a = 0, b = 0;
  if (size > 16) {
    size_t left = size;
    for (; left > 16; left -= 16, p += 16) state = Fold(Load64(p) ^ k1, Load64(p + 8) ^ state);
    a = Load64(p + left - 16);
    b = Load64(p + left - 8);
  } else if (size >= 8) {
    a = Load64(p);
    b = Load64(p + size - 8);
  } else if (size >= 4) {
    a = Load32(p);
    b = Load32(p + size - 4);
  } else if (size > 0) {
    a = static_cast<uint64_t>(static_cast<uint8_t>(p[0])) << 16 |
        static_cast<uint64_t>(static_cast<uint8_t>(p[size / 2])) << 8 |
        static_cast<uint8_t>(p[size - 1]);
  }
  return Fold(k2 ^ size, Fold(a ^ k1, b ^ state));
}

[[nodiscard]] inline bool SameBytes(const char* a, const char* b, size_t size) {
  if (size >= 8) {
    size_t at = 0;
    for (; at + 8 <= size; at += 8) {
      if (Load64(a + at) != Load64(b + at)) return false;
    }
    return Load64(a + size - 8) == Load64(b + size - 8);
  }
  if (size >= 4) {
    return Load32(a) == Load32(b) && Load32(a + size - 4) == Load32(b + size - 4);
  }
  for (size_t at = 0; at < size; ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

[[nodiscard]] inline bool SameText(std::string_view a, std::string_view b) {
  return a.size() == b.size() && SameBytes(a.data(), b.data(), a.size());
}

}  // namespace dunlin::subject
