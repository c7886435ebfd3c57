#include "host/log_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <vector>

#include "engine/base/quote.h"
#include "host/system_error.h"

namespace dunlin::host {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr mode_t kLogFileMode = 0640;

UniqueFd OpenReserve() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

std::string BackupName(const std::string& path, WallTime at) {
  const time_t seconds = at.ns / kSecond;
  tm parts{};
  localtime_r(&seconds, &parts);
  char stamp[64];
  std::snprintf(stamp, sizeof stamp, ".%04d.%02d.%02d.%02d.%02d.%02d.%09d", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(at.ns % kSecond));
  return path + stamp;
}

// Time stands still within a batch, so several rotations may ask for the same name: a backup that
// is there already must not be replaced.
std::string FreeBackupName(const std::string& path, WallTime at) {
  constexpr int kTriesMax = 10'000;
  std::string name = BackupName(path, at);
  for (int i = 1; i < kTriesMax && ::access(name.c_str(), F_OK) == 0; i++) {
    name = BackupName(path, at + Nanos(i));
  }
  return name;
}

std::string Failed(std::string_view call, const std::string& path, int error) {
  return std::string(call) + " " + path + ": " + std::string(ErrorWords(error));
}

// A number of exactly 'width' digits within [low, high], taken off the front of 'text'.
bool TakeNumber(std::string_view& text, size_t width, int low, int high) {
  if (text.size() < width) return false;
  int value = 0;
  for (size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value >= low && value <= high;
}

bool TakeDot(std::string_view& text) {
  if (text.empty() || text[0] != '.') return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

bool IsBackupName(std::string_view base, std::string_view name) {
  if (name.substr(0, base.size()) != base) return false;
  std::string_view stamp = name.substr(base.size());
  const bool dated = TakeDot(stamp) && TakeNumber(stamp, 4, 0, 9999) && TakeDot(stamp) &&
                     TakeNumber(stamp, 2, 1, 12) && TakeDot(stamp) && TakeNumber(stamp, 2, 1, 31) &&
                     TakeDot(stamp) && TakeNumber(stamp, 2, 0, 23) && TakeDot(stamp) &&
                     TakeNumber(stamp, 2, 0, 59) && TakeDot(stamp) && TakeNumber(stamp, 2, 0, 59);
  if (!dated) return false;
  if (stamp.empty()) return true;
  if (!TakeDot(stamp) || stamp.empty()) return false;
  return std::all_of(stamp.begin(), stamp.end(), [](char c) { return c >= '0' && c <= '9'; });
}

LogFile::LogFile(Options options, LogLine line)
    : options_(std::move(options)),
      line_(std::move(line)),
      stderr_(LogWriter::Borrowing(STDERR_FILENO)),
      limit_(options_.size_limit) {}

LogFile::~LogFile() {
  if (file_) file_->Flush();
}

std::optional<Error> LogFile::Open(WallTime at) {
  if (auto failed = Reopen()) return failed;
  if (limit_ > 0 && size() > limit_) Write(at, LogLevel::kInfo, "Rotating logfile...");
  return std::nullopt;
}

std::optional<Error> LogFile::Reopen() {
  UniqueFd fd = OpenPath();
  if (!fd.valid()) return Error{Failed("open", options_.path, errno)};
  struct stat info {};
  base_bytes_ = fstat(fd.get(), &info) == 0 ? info.st_size : 0;
  if (file_) file_->Flush();
  file_ = LogWriter::Owning(std::move(fd));
  reserve_ = OpenReserve();
  limit_ = options_.size_limit;
  return std::nullopt;
}

UniqueFd LogFile::OpenPath() {
  // A rotation, or its request, must not fail because of too many clients.
  reserve_.Reset();
  UniqueFd fd(
      ::open(options_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kLogFileMode));
  const int error = errno;
  // Two are open at this moment; when the old file is closed there is room for the reserve again.
  if (!fd.valid()) reserve_ = OpenReserve();
  errno = error;
  return fd;
}

int64_t LogFile::size() const {
  return base_bytes_ + static_cast<int64_t>(file_->written_bytes() + file_->pending_bytes());
}

void LogFile::Append(WallTime at, LogLevel level, std::string_view text) {
  const size_t line_start = file_->pending_bytes();
  line_.Append(file_->pending(), at, level, text);
  file_->Commit(line_start);
}

void LogFile::AppendDirect(WallTime at, LogLevel level, std::string_view text) {
  const size_t line_start = file_->pending_bytes();
  line_.AppendBare(file_->pending(), at, level, text);
  file_->pending() += "\r\n";
  file_->Commit(line_start);
}

void LogFile::Write(WallTime at, LogLevel level, std::string_view text) {
  Append(at, level, text);
  if (limit_ > 0 && size() > limit_) Rotate(at);
}

void LogFile::Flush(WallTime at) {
  if (const int error = file_->Flush(); error != 0) {
    line_.Append(stderr_.pending(), at, LogLevel::kError,
                 "Unable to write to log file " + GoQuote(options_.path) + " (" +
                     std::string(ErrorWords(error)) + "), lines are kept and tried again");
    stderr_.Flush();
  }
  if (file_->pending_bytes() != 0) return;
  if (const uint64_t dropped = file_->TakeDropped(); dropped != 0) {
    Append(at, LogLevel::kWarn, "Log lines dropped: " + std::to_string(dropped));
    file_->Flush();
  }
}

void LogFile::PutOff(WallTime at, std::string_view what, int error) {
  limit_ *= 2;
  AppendDirect(at, LogLevel::kError,
               "Unable to " + std::string(what) + " logfile for rotation (" +
                   std::string(ErrorWords(error)) + "), will attempt next rotation at size " +
                   std::to_string(limit_));
}

void LogFile::Rotate(WallTime at) {
  Flush(at);
  if (file_->pending_bytes() != 0) return;  // The disk is full; a new file would not help.
  const std::string backup = FreeBackupName(options_.path, at);
  if (::rename(options_.path.c_str(), backup.c_str()) != 0) return PutOff(at, "rename", errno);
  UniqueFd next = OpenPath();
  if (!next.valid()) {
    const int error = errno;
    (void)::rename(backup.c_str(), options_.path.c_str());
    return PutOff(at, "re-open", error);
  }
  const int close_error = ::close(file_->Release()) == 0 ? 0 : errno;
  file_ = LogWriter::Owning(std::move(next));
  reserve_ = OpenReserve();
  base_bytes_ = 0;
  limit_ = options_.size_limit;
  AppendDirect(at, LogLevel::kInfo, "Rotated log, backup saved as " + GoQuote(backup));
  if (close_error != 0) {
    AppendDirect(at, LogLevel::kError,
                 "Unable to close logfile " + GoQuote(backup) + " (" +
                     std::string(ErrorWords(close_error)) + ")");
  }
  if (options_.max_files > 0) Purge(at);
}

// Backups sort by name from the oldest to the newest.
void LogFile::Purge(WallTime at) {
  const size_t slash = options_.path.rfind('/');
  const std::string base = options_.path.substr(slash == std::string::npos ? 0 : slash + 1);
  const std::string dir = slash == std::string::npos ? "." : options_.path.substr(0, slash + 1);
  DIR* listing = ::opendir(dir.c_str());
  if (listing == nullptr) {
    AppendDirect(at, LogLevel::kError,
                 "Unable to read directory " + GoQuote(dir) + " for log purge (" +
                     Failed("open", dir, errno) + "), will attempt next rotation");
    return;
  }
  std::vector<std::string> backups;
  while (const dirent* entry = ::readdir(listing)) {
    if (entry->d_type != DT_DIR && IsBackupName(base, entry->d_name))
      backups.push_back(entry->d_name);
  }
  ::closedir(listing);
  std::sort(backups.begin(), backups.end());
  const auto keep = static_cast<size_t>(options_.max_files - 1);
  for (size_t i = 0; i + keep < backups.size(); ++i) {
    const std::string path = dir + "/" + backups[i];
    if (::unlink(path.c_str()) != 0) {
      AppendDirect(at, LogLevel::kError,
                   "Unable to remove backup log file " + GoQuote(backups[i]) + " (" +
                       Failed("remove", path, errno) + "), will attempt next rotation");
      return;
    }
    AppendDirect(at, LogLevel::kInfo, "Purged log file " + GoQuote(backups[i]));
  }
}

}  // namespace dunlin::host
