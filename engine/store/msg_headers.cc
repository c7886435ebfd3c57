#include "engine/store/msg_headers.h"

#include <algorithm>

#include "engine/config/duration.h"

namespace dunlin {
namespace {

bool IsNever(std::string_view text) {
  constexpr std::string_view kNever = "never";
  return std::equal(text.begin(), text.end(), kNever.begin(), kNever.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

}  // namespace

std::optional<std::string_view> FindHeader(std::string_view headers, std::string_view name) {
  for (size_t at = headers.find(name); at != std::string_view::npos;
       at = headers.find(name, at + name.size())) {
    const size_t colon = at + name.size();
    if (colon >= headers.size()) return std::nullopt;
    if (at < 2 || headers.substr(at - 2, 2) != "\r\n" || headers[colon] != ':') continue;
    std::string_view value = headers.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    return value.substr(0, value.find("\r\n"));
  }
  return std::nullopt;
}

int64_t MessageTtl(std::string_view headers) {
  const std::string_view text = FindHeader(headers, "Nats-TTL").value_or("");
  if (text.empty()) return 0;
  if (IsNever(text)) return -1;
  const Result<Duration> length = config::ParseDuration(text);
  if (length.ok()) {
    return length.value() < Seconds(1) ? 0 : length.value().ns / Seconds(1).ns;
  }
  int64_t seconds = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return 0;
    if (__builtin_mul_overflow(seconds, 10, &seconds)) return 0;
    if (__builtin_add_overflow(seconds, digit - '0', &seconds)) return 0;
  }
  return seconds;
}

bool HasSchedule(std::string_view headers) {
  return !headers.empty() && FindHeader(headers, "Nats-Schedule").has_value();
}

bool IsRollup(std::string_view headers) {
  return !FindHeader(headers, "Nats-Rollup").value_or("").empty();
}

bool IsDeleteMarker(std::string_view headers) {
  return !FindHeader(headers, "Nats-Marker-Reason").value_or("").empty() ||
         FindHeader(headers, "KV-Operation") == "PURGE";
}

std::string DeleteMarkerHeaders(Duration ttl) {
  // Whole seconds, as the reference has it.
  return "NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\nNats-TTL: " +
         FormatDuration(Seconds(ttl.ns / Seconds(1).ns)) + "\r\nNats-Rollup: sub\r\n\r\n";
}

}  // namespace dunlin
