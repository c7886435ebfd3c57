#include "host/quote.h"

#include <cstdint>
#include <cstdio>

namespace dunlin::host {
namespace {

// Bytes of the UTF-8 sequence at the start of 'text'; 0 if it is not one.
size_t SequenceSize(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (size == 0 || lead > 0xf4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((static_cast<uint8_t>(text[i]) & 0xc0) != 0x80) return 0;
  }
  const auto second = static_cast<uint8_t>(text[1]);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool not_a_character = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
  return overlong || not_a_character ? 0 : size;
}

void AppendEscaped(std::string& out, char c) {
  constexpr std::string_view kShort = "\a\b\f\n\r\t\v";
  if (const size_t at = kShort.find(c); at != std::string_view::npos) {
    out += '\\';
    out += "abfnrtv"[at];
    return;
  }
  char hex[8];
  std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(static_cast<uint8_t>(c)));
  out += hex;
}

}  // namespace

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const char c = text[0];
    size_t taken = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c >= 0x20 && c < 0x7f) {
      out += c;
    } else if (const size_t size = SequenceSize(text); size != 0) {
      out += text.substr(0, size);
      taken = size;
    } else {
      AppendEscaped(out, c);
    }
    text.remove_prefix(taken);
  }
  return out + '"';
}

}  // namespace dunlin::host
