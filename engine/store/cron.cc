#include "engine/store/cron.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <vector>

namespace dunlin {
namespace {

constexpr uint64_t kStar = uint64_t{1} << 63;  // The field was '*', not a list of all values.

struct Field {
  int low, high;
  std::string_view names;  // Three letters each, from 'low' on.
};
constexpr std::array<Field, 6> kFields{{{0, 59, ""},
                                        {0, 59, ""},
                                        {0, 23, ""},
                                        {1, 31, ""},
                                        {1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
                                        {0, 6, "sunmontuewedthufrisat"}}};

std::vector<std::string_view> Split(std::string_view text, char by) {
  std::vector<std::string_view> out;
  for (size_t at = 0;;) {
    const size_t end = text.find(by, at);
    out.push_back(text.substr(at, end - at));
    if (end == std::string_view::npos) return out;
    at = end + 1;
  }
}

std::optional<int> Number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);  // As Go's Atoi has it.
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<int> NumberOrName(std::string_view text, const Field& field) {
  for (size_t i = 0; text.size() == 3 && i < field.names.size(); i += 3) {
    const bool same =
        std::equal(text.begin(), text.end(), field.names.begin() + i,
                   [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
    if (same) return field.low + static_cast<int>(i / 3);
  }
  return Number(text);
}

// One range of a field's list, as bits; nullopt: it is none.
std::optional<uint64_t> Range(std::string_view text, const Field& field) {
  const std::vector<std::string_view> parts = Split(text, '/');
  const std::vector<std::string_view> ends = Split(parts[0], '-');
  int step = 1;
  uint64_t star = 0;
  std::optional<int> low, high;
  if (ends[0] == "*" || ends[0] == "?") {
    low = field.low;
    high = field.high;
    star = kStar;
  } else {
    if (ends.size() > 2) return std::nullopt;
    low = NumberOrName(ends[0], field);
    high = ends.size() == 2 ? NumberOrName(ends[1], field) : low;
  }
  if (parts.size() > 2 || !low || !high) return std::nullopt;
  if (parts.size() == 2) {
    const std::optional<int> given = Number(parts[1]);
    if (!given || *given == 0) return std::nullopt;
    step = *given;
    if (ends.size() == 1) high = field.high;
    if (step > 1) star = 0;
  }
  if (*low < field.low || *high > field.high || *low > *high) return std::nullopt;
  uint64_t bits = star;
  for (int64_t at = *low; at <= *high; at += step) bits |= uint64_t{1} << at;
  return bits;
}

struct Cron {
  uint64_t second, minute, hour, day, month, weekday;

  bool OnDay(const CivilTime& time) const {
    const bool day_fits = (day >> time.day & 1) != 0;
    const bool weekday_fits = (weekday >> time.weekday & 1) != 0;
    return (day & kStar) != 0 || (weekday & kStar) != 0 ? day_fits && weekday_fits
                                                        : day_fits || weekday_fits;
  }
};

std::optional<Cron> Parse(std::string_view pattern) {
  std::vector<std::string_view> fields;
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  for (size_t at = pattern.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    const size_t end = std::min(pattern.find_first_of(kBlanks, at), pattern.size());
    fields.push_back(pattern.substr(at, end - at));
    at = pattern.find_first_not_of(kBlanks, end);
  }
  if (fields.size() != kFields.size()) return std::nullopt;
  std::array<uint64_t, 6> bits{};
  for (size_t i = 0; i < fields.size(); ++i) {
    for (const std::string_view range : Split(fields[i], ',')) {
      if (range.empty()) continue;
      const std::optional<uint64_t> more = Range(range, kFields[i]);
      if (!more) return std::nullopt;
      bits[i] |= *more;
    }
  }
  return Cron{bits[0], bits[1], bits[2], bits[3], bits[4], bits[5]};
}

// The least member at or after 'from'; -1: none.
int NextBit(uint64_t bits, int from, int high) {
  for (int at = from; at <= high; ++at) {
    if ((bits >> at & 1) != 0) return at;
  }
  return -1;
}

// Moves to the first fitting time of the day at or after 'time'. False: there is none.
bool WithinDay(const Cron& cron, CivilTime* time) {
  int hour = NextBit(cron.hour, time->hour, 23);
  if (hour < 0) return false;
  int minute = hour > time->hour ? 0 : time->minute;
  int second = hour > time->hour ? 0 : time->second;
  const int fits = NextBit(cron.minute, minute, 59);
  if (fits > minute || fits < 0) second = 0;
  minute = fits;
  if (minute >= 0) {
    const int at = NextBit(cron.second, second, 59);
    if (at < 0) {
      second = NextBit(cron.second, 0, 59);
      minute = NextBit(cron.minute, minute + 1, 59);
    } else {
      second = at;
    }
  }
  if (minute < 0) {
    hour = NextBit(cron.hour, hour + 1, 23);
    minute = NextBit(cron.minute, 0, 59);
    second = NextBit(cron.second, 0, 59);
  }
  if (hour < 0 || minute < 0 || second < 0) return false;
  time->hour = hour;
  time->minute = minute;
  time->second = second;
  return true;
}

}  // namespace

std::optional<WallTime> NextCron(std::string_view pattern, WallTime from) {
  const std::optional<Cron> cron = Parse(pattern);
  if (!cron) return std::nullopt;
  CivilTime time = ToCivil(from);
  time.nanos = 0;
  time = ToCivil(FromCivil(time) + Seconds(1));
  const int64_t year_max = time.year + 5;
  while (time.year <= year_max) {
    const bool fits = (cron->month >> time.month & 1) != 0 && cron->OnDay(time);
    if (fits && WithinDay(*cron, &time)) return FromCivil(time);
    // The next day, from its beginning.
    time.hour = time.minute = time.second = 0;
    time = ToCivil(FromCivil(time) + Hours(24));
  }
  return std::nullopt;
}

}  // namespace dunlin
