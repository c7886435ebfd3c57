#include "engine/config/scalar.h"

#include <charconv>
#include <string>

#include "engine/base/utf8.h"

namespace dunlin::config {
namespace {

enum class DigitsFault : uint8_t { kNone, kSyntax, kRange };

// Reads all of 'text' as a signed decimal. Of several faults the first counts.
DigitsFault ReadDecimal(std::string_view text, int64_t* value) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty()) return DigitsFault::kSyntax;
  uint64_t n = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return DigitsFault::kSyntax;
    const uint64_t digit = static_cast<uint64_t>(c - '0');
    if (n > (UINT64_MAX - digit) / 10) return DigitsFault::kRange;
    n = n * 10 + digit;
  }
  const uint64_t limit = uint64_t{1} << 63;
  if (n > limit || (n == limit && !negative)) return DigitsFault::kRange;
  *value = static_cast<int64_t>(negative ? ~n + 1 : n);
  return DigitsFault::kNone;
}

// 0 if the suffix is not known.
uint64_t SuffixFactor(std::string_view suffix) {
  if (suffix.empty()) return 1;
  const auto lower = [](char c) { return static_cast<char>(c | 0x20); };
  const size_t power = std::string_view("kmgtpe").find(lower(suffix[0])) + 1;
  if (power == 0) return 0;
  const std::string_view rest = suffix.substr(1);
  const bool binary = (rest.size() == 1 && (lower(rest[0]) == 'b' || lower(rest[0]) == 'i')) ||
                      (rest.size() == 2 && lower(rest[0]) == 'i' && lower(rest[1]) == 'b');
  if (!rest.empty() && !binary) return 0;
  uint64_t factor = 1;
  for (size_t i = 0; i < power; ++i) factor *= binary ? 1024 : 1000;
  return factor;
}

int DaysInMonth(int year, int month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

}  // namespace

Result<std::optional<int64_t>> ParseInteger(std::string_view text) {
  // The reference counts characters here and takes as many bytes: a digit of another script is cut
  // in half, and is a syntax error.
  size_t digits = 0;
  for (std::string_view rest = text; !rest.empty(); ++digits) {
    const Rune rune = DecodeRune(rest);
    if (!IsDigitRune(rune.value) && rune.value != '-') break;
    rest.remove_prefix(static_cast<size_t>(rune.bytes));
  }
  int64_t number = 0;
  switch (ReadDecimal(text.substr(0, digits), &number)) {
    case DigitsFault::kNone: break;
    case DigitsFault::kSyntax:
      return Error{"expected integer, but got '" + std::string(text) + "'"};
    case DigitsFault::kRange:
      return Error{"integer '" + std::string(text) + "' is out of the range"};
  }
  const uint64_t factor = SuffixFactor(text.substr(digits));
  if (factor == 0) return std::optional<int64_t>();
  return std::optional(static_cast<int64_t>(static_cast<uint64_t>(number) * factor));
}

Result<double> ParseFloat(std::string_view text) {
  // Digits of other scripts come as far as here.
  if (text.find_first_not_of("-.0123456789") != text.npos) {
    return Error{"expected float, but got '" + std::string(text) + "'"};
  }
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, fault] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (fault == std::errc::result_out_of_range) {
    // Too small is zero to the reference; only too large is an error.
    const bool large = text.substr(0, text.find('.')).find_first_not_of("-0") != text.npos;
    if (large) return Error{"float '" + std::string(text) + "' is out of the range"};
    return text.starts_with('-') ? -0.0 : 0.0;
  }
  if (fault != std::errc() || stopped != end) {
    return Error{"expected float, but got '" + std::string(text) + "'"};
  }
  return value;
}

Result<DateTime> ParseDateTime(std::string_view text) {
  const std::string_view form = "0000-00-00T00:00:00Z";
  bool fits = text.size() == form.size();
  for (size_t i = 0; fits && i < form.size(); ++i) {
    fits = form[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i];
  }
  DateTime t;
  if (fits) {
    const auto two = [&](size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
    t = {two(0) * 100 + two(2), two(5), two(8), two(11), two(14), two(17)};
    fits = t.month >= 1 && t.month <= 12 && t.day >= 1 && t.day <= DaysInMonth(t.year, t.month) &&
           t.hour < 24 && t.minute < 60 && t.second < 60;
  }
  if (!fits) return Error{"expected Zulu formatted DateTime, but got '" + std::string(text) + "'"};
  return t;
}

}  // namespace dunlin::config
