#include "net/http/header_block.h"

#include <algorithm>
#include <cstdint>

namespace dunlin::http {
namespace {

bool IsTokenChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool SameIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

// Whether a comma-separated list names 'token'.
bool HasToken(std::string_view list, std::string_view token) {
  for (;;) {
    const size_t comma = list.find(',');
    if (SameIgnoringCase(Trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

// Sorts one field in. 'line' has no line end and no fold.
void AddField(std::string_view line, HeaderBlock* block) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    block->fault = HeaderBlock::Fault::kMalformed;
    return;
  }
  const std::string_view name = line.substr(0, colon), value = Trim(line.substr(colon + 1));
  if (!std::all_of(name.begin(), name.end(), IsTokenChar)) {
    const bool only_spaces_wrong =
        std::all_of(name.begin(), name.end(), [](char c) { return c == ' ' || IsTokenChar(c); });
    block->fault =
        only_spaces_wrong ? HeaderBlock::Fault::kBadName : HeaderBlock::Fault::kMalformed;
    return;
  }
  const bool plain = std::all_of(value.begin(), value.end(), [](char c) {
    return c == '\t' || (static_cast<uint8_t>(c) >= 0x20 && c != 0x7f);
  });
  if (!plain) {
    block->fault = HeaderBlock::Fault::kMalformed;
    return;
  }
  if (SameIgnoringCase(name, "host")) {
    block->hosts.emplace_back(value);
  } else if (SameIgnoringCase(name, "transfer-encoding")) {
    block->transfer_encodings.emplace_back(value);
  } else if (SameIgnoringCase(name, "content-length")) {
    block->content_length_lines.push_back("Content-Length: " + std::string(value) + "\r\n");
  } else if (SameIgnoringCase(name, "connection")) {
    block->says_close |= HasToken(value, "close");
    block->says_keep_alive |= HasToken(value, "keep-alive");
  } else if (SameIgnoringCase(name, "expect")) {
    (HasToken(value, "100-continue") ? block->expects_continue : block->expects_other) = true;
  } else {
    block->fields.append(name).append(": ").append(value).append("\r\n");
  }
}

}  // namespace

std::string_view StripLineEnd(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool ParseRequestLine(std::string_view line, RequestLine* out) {
  const size_t first = line.find(' ');
  if (first == std::string_view::npos || first == 0) return false;
  const size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return false;
  out->method = line.substr(0, first);
  out->target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (!std::all_of(out->method.begin(), out->method.end(), IsTokenChar)) return false;
  if (version.size() != 8 || !version.starts_with("HTTP/") || !IsDigit(version[5]) ||
      version[6] != '.' || !IsDigit(version[7])) {
    return false;
  }
  out->major = version[5] - '0';
  out->minor = version[7] - '0';
  return !out->target.empty();
}

HeaderBlock ParseHeaderBlock(std::string_view lines) {
  HeaderBlock block;
  std::string unfolded;
  while (!lines.empty() && block.fault != HeaderBlock::Fault::kMalformed) {
    const size_t end = std::min(lines.find('\n'), lines.size() - 1) + 1;
    const std::string_view line = StripLineEnd(lines.substr(0, end));
    lines.remove_prefix(end);
    const bool folded = line.starts_with(' ') || line.starts_with('\t');
    if (folded && unfolded.empty()) {
      block.fault = HeaderBlock::Fault::kMalformed;  // Nothing to fold into.
    } else if (folded) {
      unfolded.append(" ").append(Trim(line));
    } else {
      if (!unfolded.empty()) AddField(unfolded, &block);
      unfolded = line;
    }
  }
  return block;
}

}  // namespace dunlin::http
