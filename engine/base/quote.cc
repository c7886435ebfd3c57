#include "engine/base/quote.h"

#include <cstdint>
#include <cstdio>

#include "engine/base/utf8.h"

namespace dunlin {
namespace {

// What Go prints as it is. Beyond Latin-1 only the kinds of invisible characters that occur are
// known here: spaces, marks of direction, private use, what is not a character.
bool IsPrintable(char32_t rune) {
  if (rune < 0x20 || (rune >= 0x7f && rune <= 0xa0) || rune == 0xad) return false;
  if (rune >= 0x2000 && rune <= 0x200f) return false;
  if (rune >= 0x2028 && rune <= 0x202f) return false;
  if (rune >= 0x205f && rune <= 0x206f) return false;
  if (rune == 0x3000 || rune == 0xfeff) return false;
  if (rune >= 0xe000 && rune <= 0xf8ff) return false;
  if (rune >= 0xfff0 && rune <= 0xfffb) return false;
  return rune < 0xe0000 && (rune & 0xfffe) != 0xfffe;
}

}  // namespace

std::string GoQuote(std::string_view text) {
  constexpr std::string_view kNamed = "\a\b\f\n\r\t\v", kNames = "abfnrtv";
  std::string out = "\"";
  char escaped[16];
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    const size_t size = static_cast<size_t>(rune.bytes);
    const char first = text[0];
    const uint32_t code = rune.value;
    if (rune.value == kReplacementRune && size == 1) {
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<uint8_t>(first));
      out += escaped;
    } else if (first == '"' || first == '\\') {
      (out += '\\') += first;
    } else if (const size_t named = kNamed.find(first); named != std::string_view::npos) {
      (out += '\\') += kNames[named];
    } else if (IsPrintable(rune.value)) {
      out.append(text.substr(0, size));
    } else {
      std::snprintf(escaped, sizeof escaped,
                    code < 0x80      ? "\\x%02x"
                    : code < 0x10000 ? "\\u%04x"
                                     : "\\U%08x",
                    code);
      out += escaped;
    }
    text.remove_prefix(size);
  }
  return out += '"';
}

}  // namespace dunlin
