#include "engine/server/server_id.h"

#include <cstdint>
#include <vector>

namespace dunlin {
namespace {

constexpr uint8_t kServerPrefix = 13 << 3;  // 'N' in base32.

// CRC-16/XMODEM, as nkeys uses it.
uint16_t Crc16(const std::vector<uint8_t>& bytes) {
  uint16_t crc = 0;
  for (const uint8_t byte : bytes) {
    crc = static_cast<uint16_t>(crc ^ (byte << 8));
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
  }
  return crc;
}

std::string Base32(const std::vector<uint8_t>& bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  uint32_t bits = 0;
  int have = 0;
  for (const uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (have += 8; have >= 5; have -= 5) text += kDigits[bits >> (have - 5) & 31];
  }
  if (have > 0) text += kDigits[bits << (5 - have) & 31];
  return text;
}

}  // namespace

std::string NewServerId(Rng* rng) {
  std::vector<uint8_t> raw = {kServerPrefix};
  for (int i = 0; i < 32; ++i) raw.push_back(static_cast<uint8_t>(rng->Next()));
  const uint16_t crc = Crc16(raw);
  raw.push_back(static_cast<uint8_t>(crc & 0xff));
  raw.push_back(static_cast<uint8_t>(crc >> 8));
  return Base32(raw);
}

}  // namespace dunlin
