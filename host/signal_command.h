// '--signal <command>[=<pid>]': finds the running server and sends it a signal.
//
// The pid may be a number, the path of a file that holds one, or either with '*' at the end, which
// means every server whose pid starts so. Without it the one running server is meant: the process
// whose name is this program's own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace dunlin::host {

// What the command needs of the system.
struct ProcessTable {
  std::string process_name;                      // Of servers, in the error texts.
  std::function<std::vector<int>()> servers;     // Pids of the others with that name, in order.
  std::function<int(int pid, int signal)> kill;  // errno, or 0.
};

[[nodiscard]] ProcessTable SystemProcesses();

// 'argument' is what stands behind --signal. Nothing on success, else the reference's words.
[[nodiscard]] std::optional<Error> SendSignal(std::string_view argument,
                                              const ProcessTable& processes);

}  // namespace dunlin::host
