// What a process does once it knows its arguments: the command line and the configuration file
// taken together, down to the texts and the exit code that a person sees. The host carries it out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/config/options.h"
#include "engine/config/parser.h"

namespace dunlin::config {

struct Startup {
  enum class Next : uint8_t {
    kExit,    // Print both texts and leave with 'exit_code'.
    kSignal,  // Do what 'signal' says. A failure is printed as '<program>: <error>', exit code 1.
    kServe,   // Print both texts (warnings), then run a server with 'options'.
  };
  Next next = Next::kExit;
  int exit_code = 0;
  std::string standard_output;
  std::string standard_error;
  std::string signal;  // The value of --signal: 'NAME', 'NAME=PID', 'NAME=FILE', 'NAME=12*'.
  Options options;     // Complete, checked.
};

// 'program' is the last part of how we were called, 'nats-server' for someone who puts us in the
// reference's place; errors begin with it. 'args' are without it.
[[nodiscard]] Startup Prepare(std::string_view program, std::span<const std::string_view> args,
                              Source& source);

}  // namespace dunlin::config
