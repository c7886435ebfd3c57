// Hexadecimal digits: bytes as text, and what is written with them in URLs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dunlin {

// The value of a hexadecimal digit, or -1.
[[nodiscard]] int HexDigit(char c);

// Two small digits a byte.
[[nodiscard]] std::string ToHex(std::span<const uint8_t> bytes);

// Text with '%41' for 'A' undone (RFC 3986, 2.1); nullopt if two digits do not follow a '%'. A '+'
// is left alone: it is a blank in queries, and itself in paths.
[[nodiscard]] std::optional<std::string> PercentDecode(std::string_view text);

}  // namespace dunlin
