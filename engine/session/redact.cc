#include "engine/session/redact.h"

#include <cctype>

namespace dunlin::session {
namespace {

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

struct Name {
  std::string_view text;
  bool prefix;      // Longer names that start so are secrets too: 'password'.
  bool word_start;  // Nothing of a word may stand before it.
};
constexpr Name kNames[] = {{"auth_token", true, false},
                           {"pass", true, false},
                           {"proxy_sig", false, true},
                           {"nkey", false, true},
                           {"sig", false, true}};

// Where the value begins that belongs to the name at 'at'; npos if there is none.
size_t ValueAfter(std::string_view text, size_t at, const Name& name) {
  size_t i = at + name.text.size();
  if (name.prefix) {
    // The rest of the name, as short as it may be for ':' or '=' to follow.
    while (i < text.size() && text[i] != ':' && text[i] != '=' && text[i] != '"' &&
           !IsSpace(text[i]))
      ++i;
  }
  if (i < text.size() && text[i] == '"') ++i;
  while (i < text.size() && IsSpace(text[i])) ++i;
  if (i == text.size() || (text[i] != ':' && text[i] != '=')) return std::string_view::npos;
  ++i;
  while (i < text.size() && IsSpace(text[i])) ++i;
  if (i < text.size() && text[i] == '"') ++i;
  return i;
}

}  // namespace

std::string RedactSecrets(std::string_view text) {
  std::string out;
  size_t copied = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    for (const Name& name : kNames) {
      if (text.substr(i, name.text.size()) != name.text) continue;
      if (name.word_start && i > 0 && IsWord(text[i - 1])) continue;
      const size_t value = ValueAfter(text, i, name);
      if (value == std::string_view::npos) continue;
      size_t end = value;
      while (end < text.size() &&
             std::string_view("\",\r\n}").find(text[end]) == std::string_view::npos)
        ++end;
      out.append(text.substr(copied, value - copied)).append("[REDACTED]");
      copied = end;
      i = end == 0 ? 0 : end - 1;
      break;
    }
  }
  return out.append(text.substr(copied));
}

}  // namespace dunlin::session
