#include "host/log_line.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace dunlin::host {
namespace {

using Labels = LogLine::Labels;
using Stamp = LogLine::Stamp;

constexpr WallTime kAt{1'795'301'899'123'456'789};  // 2026-11-21T22:58:19.123456789Z

std::string Line(LogLine line, LogLevel level, std::string_view text, WallTime at = kAt) {
  std::string out;
  line.Append(out, at, level, text);
  return out;
}

// Local time for one test.
class Zone {
 public:
  explicit Zone(const char* name) {
    setenv("TZ", name, 1);
    tzset();
  }
  ~Zone() {
    unsetenv("TZ");
    tzset();
  }
};

TEST(LogLine, HasPidTimeLevelAndText) {
  EXPECT_EQ(Line(LogLine(2817, Stamp::kUtc, Labels::kPlain), LogLevel::kInfo, "Server is ready"),
            "[2817] 2026/11/21 22:58:19.123456 [INF] Server is ready\n");
}

TEST(LogLine, LeavesOutPidAndTime) {
  EXPECT_EQ(Line(LogLine(0, Stamp::kNone, Labels::kPlain), LogLevel::kInfo, "foo"), "[INF] foo\n");
}

TEST(LogLine, NamesEveryLevel) {
  const LogLine line(0, Stamp::kNone, Labels::kPlain);
  EXPECT_EQ(Line(line, LogLevel::kFatal, "a"), "[FTL] a\n");
  EXPECT_EQ(Line(line, LogLevel::kError, "a"), "[ERR] a\n");
  EXPECT_EQ(Line(line, LogLevel::kWarn, "a"), "[WRN] a\n");
  EXPECT_EQ(Line(line, LogLevel::kDebug, "a"), "[DBG] a\n");
  EXPECT_EQ(Line(line, LogLevel::kTrace, "a"), "[TRC] a\n");
}

TEST(LogLine, ColoursTheLabelOnly) {
  const LogLine line(0, Stamp::kNone, Labels::kColoured);
  EXPECT_EQ(Line(line, LogLevel::kInfo, "foo"), "[\x1b[32mINF\x1b[0m] foo\n");
  EXPECT_EQ(Line(line, LogLevel::kWarn, "foo"), "[\x1b[0;93mWRN\x1b[0m] foo\n");
  EXPECT_EQ(Line(line, LogLevel::kError, "foo"), "[\x1b[31mERR\x1b[0m] foo\n");
  EXPECT_EQ(Line(line, LogLevel::kFatal, "foo"), "[\x1b[31mFTL\x1b[0m] foo\n");
  EXPECT_EQ(Line(line, LogLevel::kDebug, "foo"), "[\x1b[36mDBG\x1b[0m] foo\n");
  EXPECT_EQ(Line(line, LogLevel::kTrace, "foo"), "[\x1b[33mTRC\x1b[0m] foo\n");
}

TEST(LogLine, ShowsLocalTime) {
  const Zone zone("XXX-5:30");
  EXPECT_EQ(Line(LogLine(1, Stamp::kLocal, Labels::kPlain), LogLevel::kInfo, "a"),
            "[1] 2026/11/22 04:28:19.123456 [INF] a\n");
}

TEST(LogLine, FollowsTheClockInBothDirections) {
  LogLine line(0, Stamp::kUtc, Labels::kPlain);
  std::string out;
  line.Append(out, kAt, LogLevel::kInfo, "a");
  line.Append(out, kAt + Millis(900), LogLevel::kInfo, "b");
  line.Append(out, kAt + Seconds(-86'400), LogLevel::kInfo, "c");
  line.Append(out, WallTime{-1}, LogLevel::kInfo, "d");
  EXPECT_EQ(out,
            "2026/11/21 22:58:19.123456 [INF] a\n"
            "2026/11/21 22:58:20.023456 [INF] b\n"
            "2026/11/20 22:58:19.123456 [INF] c\n"
            "1969/12/31 23:59:59.999999 [INF] d\n");
}

TEST(LogLine, KeepsTheNewlineOfItsText) {
  const LogLine line(0, Stamp::kNone, Labels::kPlain);
  EXPECT_EQ(Line(line, LogLevel::kInfo, "foo\n"), "[INF] foo\n");
  EXPECT_EQ(Line(line, LogLevel::kInfo, ""), "[INF] \n");
}

}  // namespace
}  // namespace dunlin::host
