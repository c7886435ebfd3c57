#include "engine/config/duration.h"

#include <cstdint>
#include <cstdio>
#include <string>

namespace dunlin::config {
namespace {

// One above the largest Duration: the size of the smallest.
constexpr uint64_t kLimit = uint64_t{1} << 63;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// As Go's 'time' package quotes: plainer than %q.
std::string Quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte >= 0x80) {
      char escaped[5];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      out += escaped;
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// Nanoseconds in a unit; 0 if there is no such unit.
uint64_t UnitNanos(std::string_view unit) {
  constexpr std::string_view kMicroSign = "\xc2\xb5s";
  constexpr std::string_view kGreekMu = "\xce\xbcs";
  if (unit == "ns") return 1;
  if (unit == "us" || unit == kMicroSign || unit == kGreekMu) return 1'000;
  if (unit == "ms") return 1'000'000;
  if (unit == "s") return 1'000'000'000;
  if (unit == "m") return 60'000'000'000;
  if (unit == "h") return 3'600'000'000'000;
  return 0;
}

struct Number {
  uint64_t whole = 0;
  uint64_t fraction = 0;  // Of 'scale'.
  double scale = 1;
  bool overflow = false;
  bool digits = false;
};

// Takes digits off the front of 'text'. Digits of a fraction that no longer fit are dropped.
Number TakeNumber(std::string_view& text) {
  Number n;
  for (; !text.empty() && IsDigit(text[0]); text.remove_prefix(1)) {
    n.digits = true;
    if (n.whole > kLimit / 10) n.overflow = true;
    n.whole = n.whole * 10 + static_cast<uint64_t>(text[0] - '0');
    if (n.whole > kLimit) n.overflow = true;
    if (n.overflow) return n;
  }
  if (text.empty() || text[0] != '.') return n;
  text.remove_prefix(1);
  bool full = false;
  for (; !text.empty() && IsDigit(text[0]); text.remove_prefix(1)) {
    n.digits = true;
    if (full) continue;
    const uint64_t next = n.fraction * 10 + static_cast<uint64_t>(text[0] - '0');
    full = n.fraction > (kLimit - 1) / 10 || next > kLimit;
    if (full) continue;
    n.fraction = next;
    n.scale *= 10;
  }
  return n;
}

std::string_view TakeUnit(std::string_view& text) {
  size_t size = 0;
  while (size < text.size() && text[size] != '.' && !IsDigit(text[size])) ++size;
  const std::string_view unit = text.substr(0, size);
  text.remove_prefix(size);
  return unit;
}

}  // namespace

Result<Duration> ParseDuration(std::string_view text) {
  const std::string_view whole_text = text;
  const auto invalid = [&](std::string_view what) {
    return Error{"time: " + std::string(what) + ' ' + Quote(whole_text)};
  };
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text == "0") return Duration{};
  if (text.empty()) return invalid("invalid duration");

  uint64_t sum = 0;
  while (!text.empty()) {
    const Number n = TakeNumber(text);
    if (!n.digits || n.overflow) return invalid("invalid duration");
    const std::string_view unit = TakeUnit(text);
    if (unit.empty()) return invalid("missing unit in duration");
    const uint64_t nanos = UnitNanos(unit);
    if (nanos == 0) return invalid("unknown unit " + Quote(unit) + " in duration");
    if (n.whole > kLimit / nanos) return invalid("invalid duration");
    // The fraction goes through a double because the reference's does: same input, same nanosecond.
    const double part = static_cast<double>(n.fraction) * (static_cast<double>(nanos) / n.scale);
    const uint64_t value = n.whole * nanos + static_cast<uint64_t>(part);
    if (value > kLimit || sum + value > kLimit) return invalid("invalid duration");
    sum += value;
  }
  if (negative) return Duration{static_cast<int64_t>(-sum)};
  if (sum == kLimit) return invalid("invalid duration");
  return Duration{static_cast<int64_t>(sum)};
}

Duration DurationFromSeconds(double seconds) {
  const double nanos = seconds * 1e9;
  if (nanos >= 9223372036854775807.0) return {INT64_MAX};
  if (nanos <= -9223372036854775808.0) return {INT64_MIN};
  if (nanos != nanos) return {};
  return {static_cast<int64_t>(nanos < 0 ? nanos - 0.5 : nanos + 0.5)};
}

}  // namespace dunlin::config
