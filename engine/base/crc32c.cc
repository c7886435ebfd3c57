#include "engine/base/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace dunlin {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint32_t kPolynomial = 0x82f63b78;  // Reflected.

// kTables[k][b]: what byte b does to the checksum when k more bytes follow it.
using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t b = 0; b < 256; ++b) {
    uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][b] = crc;
  }
  for (uint32_t b = 0; b < 256; ++b) {
    for (size_t k = 1; k < 8; ++k)
      tables[k][b] = (tables[k - 1][b] >> 8) ^ tables[0][tables[k - 1][b] & 0xff];
  }
  return tables;
}
constexpr Tables kTables = MakeTables();

uint64_t Load64(const uint8_t* at) {
  uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

#if defined(__x86_64__)

// The instruction takes three cycles and can begin one each cycle: three lanes side by side, then
// put together. Following a checksum by 'n' zero bytes is linear in its bits; as four tables of
// bytes it costs four look-ups.
using Shift = std::array<std::array<uint32_t, 256>, 4>;
using Matrix = std::array<uint32_t, 32>;

constexpr uint32_t Times(const Matrix& matrix, uint32_t vector) {
  uint32_t sum = 0;
  for (int i = 0; vector != 0; vector >>= 1, ++i)
    if ((vector & 1) != 0) sum ^= matrix[i];
  return sum;
}

// 'bytes' is a power of two.
constexpr Shift MakeShift(size_t bytes) {
  Matrix matrix{};  // By one zero bit.
  matrix[0] = kPolynomial;
  for (int i = 1; i < 32; ++i) matrix[i] = 1u << (i - 1);
  for (size_t bits = 1; bits < bytes * 8; bits *= 2) {
    Matrix square{};
    for (int i = 0; i < 32; ++i) square[i] = Times(matrix, matrix[i]);
    matrix = square;
  }
  Shift shift{};
  for (uint32_t b = 0; b < 256; ++b) {
    for (int k = 0; k < 4; ++k) shift[k][b] = Times(matrix, b << (8 * k));
  }
  return shift;
}

constexpr size_t kTinyLane = 64, kShortLane = 128, kLongLane = 1024;
constexpr Shift kTinyShift = MakeShift(kTinyLane), kShortShift = MakeShift(kShortLane),
                kLongShift = MakeShift(kLongLane);

uint32_t Shifted(const Shift& shift, uint32_t crc) {
  return shift[0][crc & 0xff] ^ shift[1][(crc >> 8) & 0xff] ^ shift[2][(crc >> 16) & 0xff] ^
         shift[3][crc >> 24];
}

template <size_t kLane>
__attribute__((target("sse4.2"))) uint64_t ThreeLanes(const Shift& shift, uint64_t crc,
                                                      const uint8_t* at) {
  uint64_t second = 0, third = 0;
  for (size_t i = 0; i < kLane; i += 8) {
    crc = _mm_crc32_u64(crc, Load64(at + i));
    second = _mm_crc32_u64(second, Load64(at + kLane + i));
    third = _mm_crc32_u64(third, Load64(at + 2 * kLane + i));
  }
  crc = Shifted(shift, static_cast<uint32_t>(crc)) ^ second;
  return Shifted(shift, static_cast<uint32_t>(crc)) ^ third;
}

__attribute__((target("sse4.2"))) uint32_t ByInstruction(uint32_t crc, const uint8_t* at,
                                                         size_t size) {
  uint64_t state = ~crc;
  for (; size >= 3 * kLongLane; at += 3 * kLongLane, size -= 3 * kLongLane)
    state = ThreeLanes<kLongLane>(kLongShift, state, at);
  for (; size >= 3 * kShortLane; at += 3 * kShortLane, size -= 3 * kShortLane)
    state = ThreeLanes<kShortLane>(kShortShift, state, at);
  if (size >= 3 * kTinyLane) {
    state = ThreeLanes<kTinyLane>(kTinyShift, state, at);
    at += 3 * kTinyLane;
    size -= 3 * kTinyLane;
  }
  for (; size >= 8; at += 8, size -= 8) state = _mm_crc32_u64(state, Load64(at));
  uint32_t rest = static_cast<uint32_t>(state);
  for (; size > 0; ++at, --size) rest = _mm_crc32_u8(rest, *at);
  return ~rest;
}

const bool kHasInstruction = __builtin_cpu_supports("sse4.2") != 0;

#endif

}  // namespace

uint32_t Crc32cByTables(uint32_t crc, std::span<const uint8_t> bytes) {
  const uint8_t* at = bytes.data();
  size_t size = bytes.size();
  crc = ~crc;
  for (; size >= 8; at += 8, size -= 8) {
    const uint64_t word = Load64(at) ^ crc;
    crc = 0;
    for (int i = 0; i < 8; ++i) crc ^= kTables[7 - i][(word >> (8 * i)) & 0xff];
  }
  for (; size > 0; ++at, --size) crc = (crc >> 8) ^ kTables[0][(crc ^ *at) & 0xff];
  return ~crc;
}

uint32_t Crc32c(uint32_t crc, std::span<const uint8_t> bytes) {
#if defined(__x86_64__)
  if (kHasInstruction) return ByInstruction(crc, bytes.data(), bytes.size());
#endif
  return Crc32cByTables(crc, bytes);
}

}  // namespace dunlin
