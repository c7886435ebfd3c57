#include "net/http/mux.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/hex.h"

namespace dunlin::http {
namespace {

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsOneOf(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

std::string PercentEncodePath(std::string_view path) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    if (IsAlnum(c) || IsOneOf(c, "-_.~$&+,/:;=@")) {
      out += c;
    } else {
      out += '%';
      out += kHex[static_cast<uint8_t>(c) >> 4];
      out += kHex[static_cast<uint8_t>(c) & 15];
    }
  }
  return out;
}

// The path in the form that it is compared and redirected in: as it came if every byte may stand in
// a path, else decoded and encoded anew.
std::string EscapedForm(std::string_view raw, std::string_view decoded) {
  const bool usable = std::all_of(raw.begin(), raw.end(), [](char c) {
    return IsAlnum(c) || IsOneOf(c, "-_.~$&+,/:;=@!'()*[]%");
  });
  return usable ? std::string(raw) : PercentEncodePath(decoded);
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// CleanPath, but a '/' at the end stays: '/varz/' is not '/varz'.
std::string CleanKeepingSlash(std::string_view path) {
  if (path.empty()) return "/";
  std::string rooted(path);
  if (rooted[0] != '/') rooted.insert(0, 1, '/');
  std::string clean = CleanPath(rooted);
  if (rooted.back() == '/' && clean != "/") clean += '/';
  return clean;
}

// Equal segment by segment, where those of 'path' are percent-encoded.
bool SamePath(std::string_view path, std::string_view endpoint) {
  const auto ours = Split(path, '/'), theirs = Split(endpoint, '/');
  if (ours.size() != theirs.size()) return false;
  for (size_t i = 0; i < ours.size(); ++i) {
    if (PercentDecode(ours[i]) != theirs[i]) return false;
  }
  return true;
}

// Takes 'scheme://host' off an absolute target. False: it is neither absolute nor a path.
bool StripAuthority(std::string_view* target) {
  if (target->starts_with('/')) return true;
  const size_t colon = target->find("://");
  if (colon == 0 || colon == std::string_view::npos) return false;
  const std::string_view scheme = target->substr(0, colon);
  const bool valid = std::all_of(scheme.begin(), scheme.end(),
                                 [](char c) { return IsAlnum(c) || IsOneOf(c, "+-."); });
  if (!valid || (scheme[0] >= '0' && scheme[0] <= '9')) return false;
  target->remove_prefix(colon + 3);
  target->remove_prefix(std::min(target->size(), target->find_first_of("/?")));
  return true;
}

}  // namespace

std::string CleanPath(std::string_view path) {
  const bool rooted = path.starts_with('/');
  std::vector<std::string_view> kept;
  for (const std::string_view part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      kept.push_back(part);
    } else if (!kept.empty() && kept.back() != "..") {
      kept.pop_back();
    } else if (!rooted) {
      kept.push_back(part);
    }
  }
  std::string out;
  for (const std::string_view part : kept) {
    if (rooted || !out.empty()) out += '/';
    out += part;
  }
  if (out.empty()) out = rooted ? "/" : ".";
  return out;
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string EscapeNonAscii(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const uint8_t byte = static_cast<uint8_t>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

Route FindRoute(std::string_view base_path, std::span<const std::string_view> endpoints,
                std::string_view method, std::string_view target) {
  const bool has_control = std::any_of(target.begin(), target.end(), [](char c) {
    return static_cast<uint8_t>(c) < 0x20 || c == 0x7f;
  });
  if (target.empty() || has_control) return {Route::Kind::kMalformed, {}};
  if (target == "*") return {Route::Kind::kServerWide, {}};
  const bool connect = method == "CONNECT";
  if (connect && !target.starts_with('/')) return {Route::Kind::kNotFound, {}};
  if (!StripAuthority(&target)) return {Route::Kind::kMalformed, {}};

  const size_t mark = target.find('?');
  const std::string_view raw = target.substr(0, mark);
  const std::string_view query = mark == std::string_view::npos ? "" : target.substr(mark);
  const std::optional<std::string> decoded = PercentDecode(raw);
  if (!decoded) return {Route::Kind::kMalformed, {}};
  const std::string escaped = EscapedForm(raw, *decoded);

  if (!connect) {
    const std::string clean = CleanKeepingSlash(escaped);
    if (clean != escaped) {
      // The reference encodes the path once more: a '%' in it becomes '%25'.
      std::string location = PercentEncodePath(clean);
      if (query.size() > 1) location += query;
      return {Route::Kind::kRedirect, std::move(location)};
    }
  }
  const std::string base = CleanPath("/" + std::string(base_path));
  for (const std::string_view endpoint : endpoints) {
    const std::string full = CleanPath(base + "/" + std::string(endpoint));
    if (SamePath(escaped, full)) {
      return {Route::Kind::kServe, std::string(endpoint) + std::string(query)};
    }
  }
  return {Route::Kind::kNotFound, {}};
}

}  // namespace dunlin::http
