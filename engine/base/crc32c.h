// CRC-32C (Castagnoli), as iSCSI, ext4 and most databases use it: against torn writes and rot, not
// against people. With the processor's instruction where there is one, the same result without.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace dunlin {

// The checksum of what 'crc' is the checksum of, followed by 'bytes'. Start with 0, or with a seed
// that ties the bytes to where they lie.
[[nodiscard]] uint32_t Crc32c(uint32_t crc, std::span<const uint8_t> bytes);

// The same by tables alone.
[[nodiscard]] uint32_t Crc32cByTables(uint32_t crc, std::span<const uint8_t> bytes);

}  // namespace dunlin
