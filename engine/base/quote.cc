#include "engine/base/quote.h"

#include <cstdint>
#include <cstdio>

namespace dunlin {
namespace {

// The length of the UTF-8 sequence that starts 'text' and its code point; 0 when it is not valid.
size_t DecodeUtf8(std::string_view text, uint32_t* code) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  size_t size;
  uint32_t lowest;
  if (first < 0x80) {
    *code = first;
    return 1;
  }
  if ((first & 0xe0) == 0xc0) {
    size = 2, lowest = 0x80, *code = first & 0x1f;
  } else if ((first & 0xf0) == 0xe0) {
    size = 3, lowest = 0x800, *code = first & 0x0f;
  } else if ((first & 0xf8) == 0xf0) {
    size = 4, lowest = 0x10000, *code = first & 0x07;
  } else {
    return 0;
  }
  if (text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    *code = *code << 6 | (byte(i) & 0x3f);
  }
  const bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
  return *code < lowest || *code > 0x10ffff || surrogate ? 0 : size;
}

// Code points of Latin-1 and general punctuation that Go does not print as themselves.
bool Printable(uint32_t code) {
  if (code < 0x20 || (code >= 0x7f && code <= 0xa0) || code == 0xad) return false;
  if (code >= 0x2000 && code <= 0x200f) return false;
  if (code >= 0x2028 && code <= 0x202f) return false;
  return !(code >= 0x205f && code <= 0x206f) && code != 0x3000 && code != 0xfeff;
}

}  // namespace

std::string GoQuote(std::string_view text) {
  std::string out = "\"";
  char escaped[16];
  while (!text.empty()) {
    uint32_t code = 0;
    const size_t size = DecodeUtf8(text, &code);
    if (size == 0) {
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<uint8_t>(text[0]));
      out += escaped;
      text.remove_prefix(1);
      continue;
    }
    switch (code) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\a': out += "\\a"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\v': out += "\\v"; break;
      default:
        if (Printable(code)) {
          out += text.substr(0, size);
        } else {
          std::snprintf(escaped, sizeof escaped,
                        code < 0x80 ? "\\x%02x" : code < 0x10000 ? "\\u%04x" : "\\U%08x", code);
          out += escaped;
        }
    }
    text.remove_prefix(size);
  }
  return out + "\"";
}

}  // namespace dunlin
