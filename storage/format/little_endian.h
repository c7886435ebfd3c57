// Numbers in files: little-endian, at any address.
#pragma once

#include <cstdint>
#include <cstring>

namespace dunlin::format {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

inline void PutU16(uint16_t value, uint8_t* out) { std::memcpy(out, &value, sizeof(value)); }
inline void PutU32(uint32_t value, uint8_t* out) { std::memcpy(out, &value, sizeof(value)); }
inline void PutU64(uint64_t value, uint8_t* out) { std::memcpy(out, &value, sizeof(value)); }

template <typename T>
[[nodiscard]] T GetLittleEndian(const void* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}
[[nodiscard]] inline uint16_t GetU16(const void* at) { return GetLittleEndian<uint16_t>(at); }
[[nodiscard]] inline uint32_t GetU32(const void* at) { return GetLittleEndian<uint32_t>(at); }
[[nodiscard]] inline uint64_t GetU64(const void* at) { return GetLittleEndian<uint64_t>(at); }

}  // namespace dunlin::format
