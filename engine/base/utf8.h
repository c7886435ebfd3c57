// Reads text as UTF-8 the way Go does, and answers what Go's 'unicode' package answers about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dunlin {

// What a byte that belongs to no valid sequence reads as; it is then one byte long.
inline constexpr char32_t kReplacementRune = 0xfffd;

struct Rune {
  char32_t value = 0;
  int bytes = 0;
};

// The first character of 'text'; {0, 0} if it is empty. No overlong forms, no surrogates.
[[nodiscard]] Rune DecodeRune(std::string_view text);

// REQUIRES: 'rune' came from DecodeRune(), or is valid otherwise.
void AppendRune(char32_t rune, std::string* out);

// White space of any script, line ends included.
[[nodiscard]] bool IsSpaceRune(char32_t rune);

// Decimal digits of any script (category Nd of Unicode 15, as the reference has it).
[[nodiscard]] bool IsDigitRune(char32_t rune);

}  // namespace dunlin
