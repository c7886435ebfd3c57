#include "host/log_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <vector>

#include "tests/host/captured_stderr.h"
#include "tests/support/temp_dir.h"

namespace dunlin::host {
namespace {

using testing::ReadText;
using testing::TempDir;

constexpr WallTime kAt{1'795'301'899'123'456'789};

LogLine Bare() { return LogLine(0, LogLine::Stamp::kNone, LogLine::Labels::kPlain); }

std::vector<std::string> Names(const TempDir& dir) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void Fill(LogFile& log, int lines, WallTime from = kAt) {
  for (int i = 0; i < lines; ++i) {
    log.Write(from + Millis(i), LogLevel::kInfo, "This is a line in the log file");
  }
  log.Flush(from);
}

TEST(LogFile, GrowsWithoutALimit) {
  const TempDir dir;
  LogFile log({dir.File("x.log")}, Bare());
  ASSERT_FALSE(log.Open(kAt));
  Fill(log, 50);
  EXPECT_EQ(Names(dir).size(), 1u);
}

TEST(LogFile, AppendsToWhatIsThere) {
  const TempDir dir;
  std::ofstream(dir.File("x.log")) << "old\n";
  LogFile log({dir.File("x.log")}, Bare());
  ASSERT_FALSE(log.Open(kAt));
  Fill(log, 1);
  EXPECT_EQ(ReadText(dir.File("x.log")), "old\n[INF] This is a line in the log file\n");
}

TEST(LogFile, RotatesWhenItIsOverTheLimit) {
  const TempDir dir;
  LogFile log({dir.File("x.log"), 100}, Bare());
  ASSERT_FALSE(log.Open(kAt));
  Fill(log, 3);  // The third line makes 111 bytes.
  const auto names = Names(dir);
  ASSERT_EQ(names.size(), 2u);
  EXPECT_TRUE(std::regex_match(
      names[1], std::regex(R"(x\.log\.\d{4}\.\d\d\.\d\d\.\d\d\.\d\d\.\d\d\.\d{9})")));
  EXPECT_EQ(ReadText(dir.File(names[1])).size(), 111u);
  EXPECT_EQ(ReadText(dir.File("x.log")),
            "[INF] Rotated log, backup saved as \"" + dir.File(names[1]) + "\"\r\n");
}

TEST(LogFile, RotatesAtOnceWhenItIsOverTheLimitAlready) {
  const TempDir dir;
  std::ofstream(dir.File("x.log")) << std::string(2000, 'x') << "\n";
  LogFile log({dir.File("x.log"), 1000}, Bare());
  ASSERT_FALSE(log.Open(kAt));
  log.Flush(kAt);
  const auto names = Names(dir);
  ASSERT_EQ(names.size(), 2u);
  EXPECT_NE(ReadText(dir.File(names[1])).find("x\n[INF] Rotating logfile...\n"), std::string::npos);
  EXPECT_NE(ReadText(dir.File("x.log")).find("Rotated log, backup saved as"), std::string::npos);
}

TEST(LogFile, StillRotatesAfterItWasReopened) {
  const TempDir dir;
  LogFile log({dir.File("x.log"), 1000}, Bare());
  ASSERT_FALSE(log.Open(kAt));
  Fill(log, 1);
  ASSERT_FALSE(log.Reopen());
  log.Write(kAt, LogLevel::kInfo, std::string(800, 'A'));
  log.Write(kAt, LogLevel::kInfo, std::string(800, 'B'));
  log.Flush(kAt);
  EXPECT_EQ(ReadText(dir.File("x.log")).find("[INF] Rotated log, backup saved"), 0u);
}

TEST(LogFile, KeepsSoManyFilesAndDeletesTheOldest) {
  const TempDir dir;
  const std::string keeps[] = {"x.log.note", "x.log.2026.13.01.00.00.00.1",
                               "y.log.2020.01.01.00.00.00.1"};
  for (const std::string& name : keeps) std::ofstream(dir.File(name)) << "not ours";
  LogFile log({dir.File("x.log"), 100, 3}, Bare());
  ASSERT_FALSE(log.Open(kAt));
  for (int i = 0; i < 5; ++i) {
    const WallTime at = kAt + Seconds(i);
    log.Write(at, LogLevel::kInfo, std::string(120, 'x'));
  }
  log.Flush(kAt);
  std::vector<std::string> backups;
  for (const std::string& name : Names(dir)) {
    if (IsBackupName("x.log", name)) backups.push_back(name);
  }
  EXPECT_EQ(backups.size(), 2u);
  for (const std::string& name : keeps)
    EXPECT_TRUE(std::filesystem::exists(dir.File(name))) << name;
  const std::string last = ReadText(dir.File("x.log"));
  EXPECT_EQ(last.find("[INF] Rotated log, backup saved as \"" + dir.File(backups[1]) + "\"\r\n"),
            0u)
      << last;
  EXPECT_NE(last.find("\r\n[INF] Purged log file \"x.log.20"), std::string::npos) << last;
}

TEST(LogFile, PutsARotationOffThatFails) {
  const TempDir dir;
  std::filesystem::create_directory(dir.File("logs"));
  LogFile log({dir.File("logs/x.log"), 1000}, Bare());
  ASSERT_FALSE(log.Open(kAt));
  std::filesystem::rename(dir.File("logs"), dir.File("moved"));
  log.Write(kAt, LogLevel::kInfo, std::string(1000, 'x'));
  log.Flush(kAt);
  EXPECT_NE(ReadText(dir.File("moved/x.log"))
                .find("\n[ERR] Unable to rename logfile for rotation (no such file or directory), "
                      "will attempt next rotation at size 2000\r\n"),
            std::string::npos);
  // The reason is gone, and so is the file after the next 1,000 bytes.
  std::filesystem::rename(dir.File("moved"), dir.File("logs"));
  log.Write(kAt, LogLevel::kInfo, std::string(1000, 'y'));
  log.Flush(kAt);
  EXPECT_EQ(ReadText(dir.File("logs/x.log")).find("[INF] Rotated log"), 0u);
}

TEST(LogFile, NamesADiskThatIsFullAndGoesOn) {
  CapturedStderr captured;
  LogFile log({"/dev/full", 0}, Bare());
  ASSERT_FALSE(log.Open(kAt));
  Fill(log, 3);
  Fill(log, 3);
  EXPECT_EQ(
      captured.Text(),
      "[ERR] Unable to write to log file \"/dev/full\" (no space left on device), lines are kept "
      "and tried again\n");
}

TEST(LogFile, TellsItsBackupsFromOtherFiles) {
  EXPECT_TRUE(IsBackupName("x", "x.2026.11.21.22.58.19.123456789"));
  EXPECT_TRUE(IsBackupName("x", "x.2026.11.21.22.58.19"));
  EXPECT_FALSE(IsBackupName("x", "x"));
  EXPECT_FALSE(IsBackupName("x", "xy.2026.11.21.22.58.19"));
  EXPECT_FALSE(IsBackupName("x", "x.2026.11.21.22.58.19."));
  EXPECT_FALSE(IsBackupName("x", "x.2026.11.21.22.58.19.gz"));
  EXPECT_FALSE(IsBackupName("x", "x.2026.11.21.24.58.19"));
  EXPECT_FALSE(IsBackupName("x", "x.2026.00.21.22.58.19"));
}

}  // namespace
}  // namespace dunlin::host
