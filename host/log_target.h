// Where log lines end up: a descriptor, a rotated file, or syslog.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/server/outbox.h"

namespace dunlin::host {

class LogTarget {
 public:
  virtual ~LogTarget() = default;

  // Takes a line. Never waits: what cannot be written now is kept, up to a limit, or dropped and
  // counted.
  virtual void Write(WallTime at, LogLevel level, std::string_view text) = 0;

  // Hands what was taken to the system.
  virtual void Flush(WallTime at) = 0;
};

}  // namespace dunlin::host
