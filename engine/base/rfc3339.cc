#include "engine/base/rfc3339.h"

#include <cstdint>
#include <optional>

namespace dunlin {
namespace {

std::optional<int> Digits(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// '+01:00' or 'Z', in seconds east.
std::optional<int64_t> Zone(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return {};
  const auto hours = Digits(text, 1, 2), minutes = Digits(text, 4, 2);
  if (!hours || !minutes || *hours > 24 || *minutes > 59) return {};
  const int64_t seconds = *hours * 3600 + *minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

int DaysIn(int year, int month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// '.5' at the beginning of 'text', as nanoseconds; '*size' gets its length. False: no digits.
bool Fraction(std::string_view text, int32_t* nanos, size_t* size) {
  *nanos = 0;
  *size = 0;
  if (text.empty() || text[0] != '.') return true;
  int32_t scale = 100'000'000;
  for (*size = 1; *size < text.size() && text[*size] >= '0' && text[*size] <= '9'; ++*size) {
    *nanos += (text[*size] - '0') * scale;
    scale /= 10;
  }
  return *size > 1;
}

}  // namespace

bool ParseRfc3339(std::string_view text, WallTime* out) {
  const auto year = Digits(text, 0, 4), month = Digits(text, 5, 2), day = Digits(text, 8, 2);
  const auto hour = Digits(text, 11, 2), minute = Digits(text, 14, 2), second = Digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return false;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
    return false;
  }
  if (*month < 1 || *month > 12 || *day < 1 || *day > DaysIn(*year, *month) || *hour > 23 ||
      *minute > 59 || *second > 59) {
    return false;
  }
  CivilTime civil{*year, *month, *day, *hour, *minute, *second};
  size_t fraction = 0;
  if (!Fraction(text.substr(19), &civil.nanos, &fraction)) return false;
  const std::optional<int64_t> zone = Zone(text.substr(19 + fraction));
  if (!zone) return false;
  if (*year == 1) {
    *out = {};
    return true;
  }
  if (*year < 1678 || *year > 2261) return false;
  *out = {FromCivil(civil).ns - *zone * Seconds(1).ns};
  return true;
}

}  // namespace dunlin
