#include "host/log_sink.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "host/log_writer.h"
#include "tests/host/captured_stderr.h"
#include "tests/support/temp_dir.h"

namespace dunlin::host {
namespace {

using testing::ReadText;
using testing::TempDir;

constexpr WallTime kAt{1'795'301'899'123'456'789};

config::Options WithoutTime() {
  config::Options options;
  options.logtime = false;
  return options;
}

LogSink Open(const config::Options& options) {
  auto sink = LogSink::Open(options, {7, "/usr/bin/dunlin", "here"}, kAt);
  CHECK(sink.ok());
  return std::move(sink.value());
}

std::string LinesOf(const config::Options& options) {
  CapturedStderr captured;
  LogSink sink = Open(options);
  sink.Write(kAt, LogLevel::kInfo, "foo");
  sink.Write(kAt, LogLevel::kDebug, "bar");
  sink.Write(kAt, LogLevel::kTrace, "baz");
  sink.Flush(kAt);
  return captured.Text();
}

TEST(LogSink, WritesToStandardErrorWithoutColoursWhenItIsNoTerminal) {
  EXPECT_EQ(LinesOf(WithoutTime()), "[7] [INF] foo\n");
}

TEST(LogSink, WritesDebugAndTraceOnRequest) {
  config::Options options = WithoutTime();
  options.debug = true;
  EXPECT_EQ(LinesOf(options), "[7] [INF] foo\n[7] [DBG] bar\n");
  options.debug = false;
  options.trace = true;
  EXPECT_EQ(LinesOf(options), "[7] [INF] foo\n[7] [TRC] baz\n");
}

TEST(LogSink, StampsLinesByDefault) {
  config::Options options;
  options.logtime_utc = true;
  EXPECT_EQ(LinesOf(options), "[7] 2026/11/21 22:58:19.123456 [INF] foo\n");
}

TEST(LogSink, WritesNothingWithNoLog) {
  config::Options options = WithoutTime();
  options.no_log = true;
  EXPECT_EQ(LinesOf(options), "");
}

TEST(LogSink, WritesToAFileInsteadOfStandardError) {
  const TempDir dir;
  config::Options options = WithoutTime();
  options.log_file = dir.File("x.log");
  EXPECT_EQ(LinesOf(options), "");
  EXPECT_EQ(ReadText(options.log_file), "[7] [INF] foo\n");
}

TEST(LogSink, SaysWhyAFileCannotBeOpened) {
  config::Options options;
  options.log_file = "/nonexistent/x.log";
  const auto sink = LogSink::Open(options, {}, kAt);
  ASSERT_FALSE(sink.ok());
  EXPECT_EQ(sink.error().text,
            "error opening file: open /nonexistent/x.log: no such file or directory");
}

TEST(LogSink, ReopensTheFileThatWasMovedAway) {
  const TempDir dir;
  config::Options options = WithoutTime();
  options.log_file = dir.File("x.log");
  LogSink sink = Open(options);
  sink.Write(kAt, LogLevel::kInfo, "This is a Notice");
  sink.Flush(kAt);
  std::filesystem::rename(options.log_file, dir.File("x.bak"));
  sink.Reopen(kAt);
  sink.Write(kAt, LogLevel::kInfo, "New message");
  sink.Flush(kAt);
  EXPECT_EQ(ReadText(dir.File("x.bak")), "[7] [INF] This is a Notice\n");
  EXPECT_EQ(ReadText(options.log_file), "[7] [INF] File log re-opened\n[7] [INF] New message\n");
}

TEST(LogSink, ReopeningAnythingElseIsIgnoredAloud) {
  CapturedStderr captured;
  LogSink sink = Open(WithoutTime());
  sink.Reopen(kAt);
  sink.Flush(kAt);
  EXPECT_EQ(captured.Text(), "[7] [INF] File log re-open ignored, not a file logger\n");
}

TEST(LogSink, KeepsTheOldFileWhenReopeningFails) {
  const TempDir dir;
  std::filesystem::create_directory(dir.File("logs"));
  config::Options options = WithoutTime();
  options.log_file = dir.File("logs/x.log");
  LogSink sink = Open(options);
  std::filesystem::rename(dir.File("logs"), dir.File("old"));
  sink.Reopen(kAt);
  sink.Flush(kAt);
  EXPECT_EQ(
      ReadText(dir.File("old/x.log")),
      "[7] [ERR] error opening file: open " + options.log_file + ": no such file or directory\n");
}

TEST(LogSink, ReopensAlthoughDescriptorsHaveRunOut) {
  const TempDir dir;
  config::Options options = WithoutTime();
  options.log_file = dir.File("x.log");
  LogSink sink = Open(options);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const UniqueFd next(::dup(0));
  rlimit none_left = before;
  none_left.rlim_cur = static_cast<rlim_t>(next.get() + 1);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none_left), 0);
  const bool exhausted = ::dup(0) < 0;
  sink.Reopen(kAt);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  sink.Flush(kAt);
  ASSERT_TRUE(exhausted);
  EXPECT_EQ(ReadText(options.log_file), "[7] [INF] File log re-opened\n");
}

// A person who pipes the log into a pager and leaves it there.
TEST(LogSink, DoesNotWaitForAReaderThatDoesNotRead) {
  CapturedStderr captured;
  LogSink sink = Open(WithoutTime());
  const std::string text(1000, 'x');
  const size_t lines = LogWriter::kPendingMax / text.size() + 200;
  for (size_t i = 0; i < lines; ++i) {
    sink.Write(kAt, LogLevel::kInfo, text);
    sink.Flush(kAt);
  }
  std::string all;
  for (std::string got; !(got = captured.Text()).empty(); all += got) sink.Flush(kAt);
  const size_t dropped_at = all.find("[7] [WRN] Log lines dropped: ");
  ASSERT_NE(dropped_at, std::string::npos);
  const size_t written = std::count(all.begin(), all.end(), '\n') - 1;
  EXPECT_EQ(all.substr(dropped_at),
            "[7] [WRN] Log lines dropped: " + std::to_string(lines - written) + "\n");
}

TEST(LogSink, SurvivesAReaderThatWentAway) {
  CapturedStderr captured;
  const auto before = ::signal(SIGPIPE, SIG_IGN);  // As the process does.
  LogSink sink = Open(WithoutTime());
  captured.CloseReader();
  for (int i = 0; i < 3; ++i) {
    sink.Write(kAt, LogLevel::kInfo, "foo");
    sink.Flush(kAt);
  }
  ::signal(SIGPIPE, before);
}

}  // namespace
}  // namespace dunlin::host
