// Signals as values: blocked for the process and read from a descriptor.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/server/event.h"
#include "host/unique_fd.h"

namespace dunlin::host {

struct TakenSignal {
  Command command;
  std::string_view words;  // 'interrupt'; lives for ever.
};

class Signals {
 public:
  // Blocks SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 and ignores SIGPIPE, for the whole process:
  // make it before any thread.
  Signals();

  int fd() const { return fd_.get(); }
  // The next signal that came, if any.
  std::optional<TakenSignal> Take();

 private:
  UniqueFd fd_;
};

}  // namespace dunlin::host
