// The text of a log line, as the reference writes it:
//
//   [2817] 2026/11/21 22:58:19.123456 [INF] Server is ready
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/server/outbox.h"

namespace dunlin::host {

class LogLine {
 public:
  enum class Stamp : uint8_t { kNone, kLocal, kUtc };
  enum class Labels : uint8_t { kPlain, kColoured };

  // 'pid' 0: no '[pid] ' in front.
  LogLine(int64_t pid, Stamp stamp, Labels labels);

  // Appends the line with its newline to 'out'. A 'text' that ends in one gets no second.
  void Append(std::string& out, WallTime at, LogLevel level, std::string_view text);

  // As Append(), without the newline.
  void AppendBare(std::string& out, WallTime at, LogLevel level, std::string_view text);

 private:
  void AppendStamp(std::string& out, WallTime at);

  std::string prefix_;
  Stamp stamp_;
  Labels labels_;
  int64_t second_shown_ = INT64_MIN;  // 'stamp_text_' is this second's.
  char stamp_text_[32] = {};          // '2026/11/21 22:58:19.'
};

}  // namespace dunlin::host
