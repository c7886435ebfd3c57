#include "storage/s2/crc32c.h"

#include <array>
#include <cstring>

namespace dunlin::s2 {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // Bits reversed.

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    table[i] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kTable = MakeTable();

uint32_t ByTable(uint32_t crc, const char* at, size_t count) {
  for (; count > 0; --count, ++at) {
    crc = kTable[(crc ^ static_cast<uint8_t>(*at)) & 0xff] ^ (crc >> 8);
  }
  return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) uint32_t ByInstruction(uint32_t crc, const char* at,
                                                         size_t count) {
  uint64_t wide = crc;
  for (; count >= 8; count -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    wide = __builtin_ia32_crc32di(wide, word);
  }
  crc = static_cast<uint32_t>(wide);
  for (; count > 0; --count, ++at) crc = __builtin_ia32_crc32qi(crc, static_cast<uint8_t>(*at));
  return crc;
}
bool HasInstruction() { return __builtin_cpu_supports("sse4.2") != 0; }
#else
uint32_t ByInstruction(uint32_t crc, const char* at, size_t count) {
  return ByTable(crc, at, count);
}
bool HasInstruction() { return false; }
#endif

}  // namespace

uint32_t Crc32c(std::string_view bytes) {
  constexpr uint32_t kAllOnes = 0xffffffff;
  return kAllOnes ^ (HasInstruction() ? ByInstruction(kAllOnes, bytes.data(), bytes.size())
                                      : ByTable(kAllOnes, bytes.data(), bytes.size()));
}

}  // namespace dunlin::s2
