#include "engine/base/time.h"

#include <cstdio>

namespace dunlin {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kSecondsPerDay = 86'400;

// Floor division, so that times before 1970 keep a fraction that counts up.
int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }

// Days since 1970-01-01 to a proleptic Gregorian date and back, by eras of 400 years.
void DaysToDate(int64_t days, int64_t* year, int* month, int* day) {
  days += 719'468;
  const int64_t era = FloorDiv(days, 146'097);
  const int64_t doe = days - era * 146'097;
  const int64_t yoe = (doe - doe / 1'460 + doe / 36'524 - doe / 146'096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int64_t mp = (5 * doy + 2) / 153;
  *day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
  *month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  *year = yoe + era * 400 + (*month <= 2);
}

int64_t DateToDays(int64_t year, int month, int day) {
  year -= month <= 2;
  const int64_t era = FloorDiv(year, 400);
  const int64_t yoe = year - era * 400;
  const int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146'097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719'468;
}

// 'value' in units of 'unit', with a fraction that has no trailing zero: 1500, 1000 -> '1.5'.
std::string Fraction(uint64_t value, uint64_t unit) {
  std::string text = std::to_string(value / unit);
  uint64_t rest = value % unit;
  if (rest == 0) return text;
  text += '.';
  for (uint64_t digit = unit / 10; rest != 0; rest %= digit, digit /= 10) {
    text += static_cast<char>('0' + rest / digit);
    if (digit == 1) break;
  }
  return text;
}

}  // namespace

CivilTime ToCivil(WallTime at) {
  const int64_t seconds = FloorDiv(at.ns, kNsPerSecond);
  const int64_t days = FloorDiv(seconds, kSecondsPerDay);
  const int64_t of_day = seconds - days * kSecondsPerDay;
  CivilTime civil;
  DaysToDate(days, &civil.year, &civil.month, &civil.day);
  civil.hour = static_cast<int>(of_day / 3600);
  civil.minute = static_cast<int>(of_day / 60 % 60);
  civil.second = static_cast<int>(of_day % 60);
  civil.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  civil.nanos = static_cast<int32_t>(at.ns - seconds * kNsPerSecond);
  return civil;
}

WallTime FromCivil(const CivilTime& c) {
  const int64_t seconds = DateToDays(c.year, c.month, c.day) * kSecondsPerDay + c.hour * 3600 +
                          c.minute * 60 + c.second;
  return {seconds * kNsPerSecond + c.nanos};
}

std::string FormatRfc3339(WallTime at) {
  const CivilTime c = ToCivil(at);
  char text[48];
  std::snprintf(text, sizeof text, "%04lld-%02d-%02dT%02d:%02d:%02d",
                static_cast<long long>(c.year), c.month, c.day, c.hour, c.minute, c.second);
  std::string out = text;
  if (c.nanos != 0) out += Fraction(static_cast<uint64_t>(c.nanos), kNsPerSecond).substr(1);
  return out + "Z";
}

std::string FormatDuration(Duration d) {
  if (d.ns == 0) return "0s";
  const bool negative = d.ns < 0;
  const uint64_t ns = negative ? -static_cast<uint64_t>(d.ns) : static_cast<uint64_t>(d.ns);
  std::string text;
  if (ns < 1'000) {
    text = std::to_string(ns) + "ns";
  } else if (ns < 1'000'000) {
    text = Fraction(ns, 1'000) + "\xc2\xb5s";
  } else if (ns < kNsPerSecond) {
    text = Fraction(ns, 1'000'000) + "ms";
  } else {
    const uint64_t seconds = ns / kNsPerSecond;
    if (seconds >= 3600) text += std::to_string(seconds / 3600) + "h";
    if (seconds >= 60) text += std::to_string(seconds / 60 % 60) + "m";
    text += Fraction(ns % (60 * static_cast<uint64_t>(kNsPerSecond)), kNsPerSecond) + "s";
  }
  return negative ? "-" + text : text;
}

std::string FormatUptime(Duration d) {
  const int64_t seconds = d.ns / kNsPerSecond;
  const int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24, years = days / 365;
  std::string text;
  if (years > 0) text += std::to_string(years) + "y";
  if (days > 0) text += std::to_string(days % 365) + "d";
  if (hours > 0) text += std::to_string(hours % 24) + "h";
  if (minutes > 0) text += std::to_string(minutes % 60) + "m";
  return text + std::to_string(seconds % 60) + "s";
}

}  // namespace dunlin
