// The system's logger, on this machine or another, in the form in which the reference sends to it.
//
// A line is one datagram, or one line of a stream. If the logger goes away lines are dropped while
// it is tried again once a second; nothing ever waits for it, except the first connection, for
// kConnectMax.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "host/log_target.h"
#include "host/log_writer.h"

namespace dunlin::host {

inline constexpr Duration kSyslogConnectMax = Seconds(5);

struct SyslogAddress {
  enum class Network : uint8_t { kLocal, kUdp, kTcp, kUnix };
  Network network = Network::kLocal;
  std::string address;  // 'host:port', or a path.
};

// 'udp://localhost:514', 'tcp://...', 'unix:///dev/log'.
[[nodiscard]] Result<SyslogAddress> ParseSyslogUrl(std::string_view url);

// The name that syslog lines carry: the last part of argv[0].
[[nodiscard]] std::string SyslogTag(std::string_view program);

class Syslog : public LogTarget {
 public:
  struct Options {
    SyslogAddress to;
    std::string tag;
    std::string hostname;  // Shown to remote loggers only.
    int64_t pid = 0;
  };

  explicit Syslog(Options options);

  // Connects. Fails with the reference's words.
  [[nodiscard]] std::optional<Error> Open();

  void Write(WallTime at, LogLevel level, std::string_view text) override;
  void Flush(WallTime at) override;

 private:
  enum class Wait : uint8_t { kNo, kForConnection };
  [[nodiscard]] std::optional<Error> Connect(Wait wait);
  bool Send();
  void Format(WallTime at, LogLevel level, std::string_view text);

  const Options options_;
  std::string destination_;  // A socket address, as the system wants it; after Open().
  int socket_type_ = 0;
  std::optional<LogWriter> stream_;  // Of a stream.
  UniqueFd datagrams_;               // Of anything else.
  std::string line_;                 // Reused.
  WallTime tried_at_{0};
};

}  // namespace dunlin::host
