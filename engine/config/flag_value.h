// Values of flags, read as Go's 'flag' package reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace dunlin::config {

// 'true', 'T', '0', ...; none if it is no truth value.
[[nodiscard]] std::optional<bool> ParseFlagBool(std::string_view text);

enum class IntegerFault : uint8_t { kSyntax, kRange };

// Decimal, or with a base in front (0x, 0o, 0b, a bare 0 for octal) and '_' between digits: 1_000.
[[nodiscard]] std::variant<int64_t, IntegerFault> ParseFlagInteger(std::string_view text);

}  // namespace dunlin::config
