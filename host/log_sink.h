// The process's log: the engine's lines and the host's own, filtered by level and sent to one
// target.
//
// Never waits and never fails: see LogTarget. Lines leave the process at Flush(), once a batch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/config/options.h"
#include "engine/server/outbox.h"
#include "host/log_target.h"

namespace dunlin::host {

class LogFile;

class LogSink {
 public:
  struct Process {
    int64_t pid = 0;
    std::string program;  // argv[0]
    std::string hostname;
  };

  // Opens what 'options' ask for: a file, else remote syslog, else syslog, else standard error;
  // nothing with no_log. Fails with a text for the user.
  [[nodiscard]] static Result<LogSink> Open(const config::Options& options, const Process& process,
                                            WallTime now);

  LogSink(LogSink&&) noexcept;
  LogSink& operator=(LogSink&&) noexcept;
  ~LogSink();

  void Write(WallTime at, LogLevel level, std::string_view text);
  void Flush(WallTime at);

  // Closes and opens the log file, and says so; with any other target says that there is none.
  void Reopen(WallTime at);

 private:
  LogSink(bool debug, bool trace);

  bool debug_;
  bool trace_;
  std::unique_ptr<LogTarget> target_;  // None: no_log.
  LogFile* file_ = nullptr;            // 'target_', if it is one.
};

}  // namespace dunlin::host
