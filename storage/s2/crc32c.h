// CRC-32C (Castagnoli), and masked as Snappy's framing stores it.
#pragma once

#include <cstdint>
#include <string_view>

namespace dunlin::s2 {

[[nodiscard]] uint32_t Crc32c(std::string_view bytes);

// So that a checksum of bytes that hold their checksum is worth something.
[[nodiscard]] constexpr uint32_t MaskCrc(uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8;
}

}  // namespace dunlin::s2
