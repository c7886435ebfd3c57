// A log file: appended to, rotated by size, purged by number, opened again on request.
//
// Rotation renames 'x.log' to 'x.log.2026.11.21.22.58.19.123456789' (local time, nanoseconds) and
// says so in the first line of the new file. If anything fails the server goes on with the file it
// has, says so there or on standard error, and keeps lines (see LogWriter) while the file takes
// none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "host/log_line.h"
#include "host/log_target.h"
#include "host/log_writer.h"

namespace dunlin::host {

class LogFile : public LogTarget {
 public:
  struct Options {
    std::string path;
    int64_t size_limit = 0;  // Bytes after which the file is rotated; 0: never.
    int64_t max_files = 0;   // Files kept, the present one included; 0: all.
  };

  LogFile(Options options, LogLine line);
  ~LogFile() override;

  // Opens the file, and rotates it at once if it is over the limit already. Fails with the system's
  // words ('open x.log: permission denied'). REQUIRED before anything else.
  [[nodiscard]] std::optional<Error> Open(WallTime at);

  // Opens the path anew, for those who have moved the file away. On failure the old file stays in
  // use.
  [[nodiscard]] std::optional<Error> Reopen();

  void Write(WallTime at, LogLevel level, std::string_view text) override;
  void Flush(WallTime at) override;

 private:
  void Append(WallTime at, LogLevel level, std::string_view text);
  // A line about the file itself: never rotates, ends in CR LF as the reference's do.
  void AppendDirect(WallTime at, LogLevel level, std::string_view text);
  int64_t size() const;
  UniqueFd OpenPath();
  void Rotate(WallTime at);
  void PutOff(WallTime at, std::string_view what, int error);
  void Purge(WallTime at);

  const Options options_;
  LogLine line_;
  std::optional<LogWriter> file_;
  UniqueFd reserve_;        // Given up for a moment to open the file when descriptors have run out.
  LogWriter stderr_;        // For what the file cannot take.
  int64_t base_bytes_ = 0;  // Size when it was opened.
  int64_t limit_ = 0;       // options_.size_limit, doubled each time a rotation fails.
};

// Whether 'name' is one that a rotation of 'base' makes. Only such files are ever purged.
[[nodiscard]] bool IsBackupName(std::string_view base, std::string_view name);

}  // namespace dunlin::host
