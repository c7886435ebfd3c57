#include "engine/base/utf8.h"

#include <algorithm>
#include <iterator>

namespace dunlin {
namespace {

// Where a script's ten digits start, zero first. U+1D7CE starts five such runs on end.
constexpr char32_t kZeros[] = {
    0x660,   0x6f0,   0x7c0,   0x966,   0x9e6,   0xa66,   0xae6,   0xb66,   0xbe6,   0xc66,
    0xce6,   0xd66,   0xde6,   0xe50,   0xed0,   0xf20,   0x1040,  0x1090,  0x17e0,  0x1810,
    0x1946,  0x19d0,  0x1a80,  0x1a90,  0x1b50,  0x1bb0,  0x1c40,  0x1c50,  0xa620,  0xa8d0,
    0xa900,  0xa9d0,  0xa9f0,  0xaa50,  0xabf0,  0xff10,  0x104a0, 0x10d30, 0x11066, 0x110f0,
    0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950,
    0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2,
    0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950, 0x1fbf0};

bool IsContinuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

}  // namespace

Rune DecodeRune(std::string_view text) {
  if (text.empty()) return {};
  constexpr Rune kBad{kReplacementRune, 1};
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return {lead, 1};
  const int bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < static_cast<size_t>(bytes)) return kBad;
  char32_t value = lead & (0xff >> (bytes + 1));
  for (int i = 1; i < bytes; ++i) {
    if (!IsContinuation(at(static_cast<size_t>(i)))) return kBad;
    value = value << 6 | (at(static_cast<size_t>(i)) & 0x3f);
  }
  const bool overlong = (bytes == 3 && value < 0x800) || (bytes == 4 && value < 0x10000);
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (overlong || surrogate || value > 0x10ffff) return kBad;
  return {value, bytes};
}

void AppendRune(char32_t rune, std::string* out) {
  const auto tail = [&](int shift) { *out += static_cast<char>(0x80 | (rune >> shift & 0x3f)); };
  if (rune < 0x80) {
    *out += static_cast<char>(rune);
  } else if (rune < 0x800) {
    *out += static_cast<char>(0xc0 | rune >> 6);
    tail(0);
  } else if (rune < 0x10000) {
    *out += static_cast<char>(0xe0 | rune >> 12);
    tail(6);
    tail(0);
  } else {
    *out += static_cast<char>(0xf0 | rune >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

bool IsSpaceRune(char32_t rune) {
  if (rune <= 0xff)
    return (rune >= '\t' && rune <= '\r') || rune == ' ' || rune == 0x85 || rune == 0xa0;
  return rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a) || rune == 0x2028 || rune == 0x2029 ||
         rune == 0x202f || rune == 0x205f || rune == 0x3000;
}

bool IsDigitRune(char32_t rune) {
  if (rune < 0x80) return rune >= '0' && rune <= '9';
  const auto next = std::upper_bound(std::begin(kZeros), std::end(kZeros), rune);
  return next != std::begin(kZeros) && rune - *std::prev(next) < 10;
}

}  // namespace dunlin
