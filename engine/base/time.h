// Time as the engine sees it: numbers handed in from outside, never read from a clock.
//
// Three types that do not convert into each other: a length (Duration), a point on the monotonic
// clock that timers run on (Instant), and a point on the wall clock that users are shown
// (WallTime). All are signed 64-bit nanoseconds.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace dunlin {

// A length of time. Signed, so that a difference of two instants always fits.
struct Duration {
  int64_t ns = 0;
  constexpr auto operator<=>(const Duration&) const = default;
};

// A point on the node's monotonic clock. Its zero means nothing; only differences do.
struct Instant {
  int64_t ns = 0;
  constexpr auto operator<=>(const Instant&) const = default;
};

// Never reached: the deadline of a machine that waits for nothing.
inline constexpr Instant kNever{INT64_MAX};

// Nanoseconds since 1970-01-01T00:00:00Z. May jump in either direction.
struct WallTime {
  int64_t ns = 0;
  constexpr auto operator<=>(const WallTime&) const = default;
};

// What both clocks showed when the driver collected a batch of events. Time stands still within it.
struct Now {
  Instant mono;
  WallTime wall;
};

constexpr Duration Nanos(int64_t n) { return {n}; }
constexpr Duration Micros(int64_t n) { return {n * 1'000}; }
constexpr Duration Millis(int64_t n) { return {n * 1'000'000}; }
constexpr Duration Seconds(int64_t n) { return {n * 1'000'000'000}; }
constexpr Duration Minutes(int64_t n) { return Seconds(n * 60); }
constexpr Duration Hours(int64_t n) { return Minutes(n * 60); }

constexpr Instant operator+(Instant at, Duration d) { return {at.ns + d.ns}; }
constexpr Instant operator-(Instant at, Duration d) { return {at.ns - d.ns}; }
constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
constexpr WallTime operator+(WallTime at, Duration d) { return {at.ns + d.ns}; }
constexpr Duration operator-(WallTime a, WallTime b) { return {a.ns - b.ns}; }
constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
constexpr Duration operator*(Duration d, int64_t n) { return {d.ns * n}; }
constexpr Duration operator/(Duration d, int64_t n) { return {d.ns / n}; }

// A broken-down UTC time; month and day start at 1, weekday at 0 for Sunday.
struct CivilTime {
  int64_t year = 1970;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0, weekday = 4;
  int32_t nanos = 0;
};
[[nodiscard]] CivilTime ToCivil(WallTime at);
[[nodiscard]] WallTime FromCivil(const CivilTime& civil);

// As the reference's JSON writes a time: RFC 3339 in UTC, as many fractional digits as needed and
// no trailing zero: '2026-11-21T22:58:19.5Z'. The reference's zero time is '0001-01-01T00:00:00Z'.
[[nodiscard]] std::string FormatRfc3339(WallTime at);

// As Go prints a duration: '1h2m3.5s', '250ms', '1.5us' with the micro sign, '0s'.
[[nodiscard]] std::string FormatDuration(Duration d);

// As the monitoring pages print an uptime or idle time, whole seconds: '1y2d3h4m5s', '3h4m5s',
// '4m5s', '0s'.
[[nodiscard]] std::string FormatUptime(Duration d);

}  // namespace dunlin
