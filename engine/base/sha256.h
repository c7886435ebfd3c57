// SHA-256 (FIPS 180-4), for fingerprints that users compare. Small rather than fast; where secrets
// are at stake, use a library's.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace dunlin {

[[nodiscard]] std::array<uint8_t, 32> Sha256(std::string_view message);

// The same as 64 lower-case hexadecimal digits.
[[nodiscard]] std::string Sha256Hex(std::string_view message);

}  // namespace dunlin
