#include "host/log_sink.h"

#include <sys/stat.h>

#include "host/log_file.h"
#include "host/log_line.h"
#include "host/log_writer.h"
#include "host/syslog.h"

namespace dunlin::host {
namespace {

// Standard error.
class LogStream : public LogTarget {
 public:
  explicit LogStream(LogLine line)
      : line_(std::move(line)), writer_(LogWriter::Borrowing(STDERR_FILENO)) {}
  ~LogStream() override { writer_.Flush(); }

  void Write(WallTime at, LogLevel level, std::string_view text) override {
    const size_t line_start = writer_.pending_bytes();
    line_.Append(writer_.pending(), at, level, text);
    writer_.Commit(line_start);
  }

  void Flush(WallTime at) override {
    writer_.Flush();
    if (writer_.pending_bytes() != 0) return;
    if (const uint64_t dropped = writer_.TakeDropped(); dropped != 0) {
      Write(at, LogLevel::kWarn, "Log lines dropped: " + std::to_string(dropped));
      writer_.Flush();
    }
  }

 private:
  LogLine line_;
  LogWriter writer_;
};

LogLine::Labels LabelsForStderr() {
  struct stat info {};
  const bool terminal = fstat(STDERR_FILENO, &info) == 0 && S_ISCHR(info.st_mode);
  return terminal ? LogLine::Labels::kColoured : LogLine::Labels::kPlain;
}

}  // namespace

LogSink::LogSink(bool debug, bool trace) : debug_(debug), trace_(trace) {}
LogSink::LogSink(LogSink&&) noexcept = default;
LogSink& LogSink::operator=(LogSink&&) noexcept = default;
LogSink::~LogSink() = default;

Result<LogSink> LogSink::Open(const config::Options& options, const Process& process,
                              WallTime now) {
  LogSink sink(options.debug, options.trace);
  if (options.no_log) return sink;
  const auto stamp = !options.logtime      ? LogLine::Stamp::kNone
                     : options.logtime_utc ? LogLine::Stamp::kUtc
                                           : LogLine::Stamp::kLocal;
  if (!options.log_file.empty()) {
    auto file = std::make_unique<LogFile>(
        LogFile::Options{options.log_file, options.log_size_limit, options.log_max_files},
        LogLine(process.pid, stamp, LogLine::Labels::kPlain));
    if (auto failed = file->Open(now)) return Error{"error opening file: " + failed->text};
    sink.file_ = file.get();
    sink.target_ = std::move(file);
  } else if (options.syslog || !options.remote_syslog.empty()) {
    Syslog::Options syslog{{}, SyslogTag(process.program), process.hostname, process.pid};
    if (!options.remote_syslog.empty()) {
      auto address = ParseSyslogUrl(options.remote_syslog);
      if (!address.ok()) return address.error();
      syslog.to = std::move(address.value());
    }
    auto target = std::make_unique<Syslog>(std::move(syslog));
    if (auto failed = target->Open()) return *failed;
    sink.target_ = std::move(target);
  } else {
    sink.target_ = std::make_unique<LogStream>(LogLine(process.pid, stamp, LabelsForStderr()));
  }
  return sink;
}

void LogSink::Write(WallTime at, LogLevel level, std::string_view text) {
  if (target_ == nullptr) return;
  if (level == LogLevel::kDebug && !debug_) return;
  if (level == LogLevel::kTrace && !trace_) return;
  target_->Write(at, level, text);
}

void LogSink::Flush(WallTime at) {
  if (target_ != nullptr) target_->Flush(at);
}

void LogSink::Reopen(WallTime at) {
  if (file_ == nullptr) {
    Write(at, LogLevel::kInfo, "File log re-open ignored, not a file logger");
  } else if (auto failed = file_->Reopen()) {
    Write(at, LogLevel::kError, "error opening file: " + failed->text);
  } else {
    Write(at, LogLevel::kInfo, "File log re-opened");
  }
}

}  // namespace dunlin::host
