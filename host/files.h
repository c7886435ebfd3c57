// Files for whoever started the process: its pid, and the ports it listens on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace dunlin::host {

// Writes 'text' as the whole of a file, made with 'mode' if it is new. Fails with the system's
// words: 'open /run/x.pid: permission denied'.
[[nodiscard]] std::optional<Error> WriteWhole(const std::string& path, std::string_view text,
                                              unsigned mode);

// Reads a whole regular file of at most 'bytes_max' bytes. Fails likewise.
[[nodiscard]] Result<std::string> ReadWhole(const std::string& path, size_t bytes_max);

// What the pid file holds: the number, without a newline. It stays when the process goes, as the
// reference's does.
[[nodiscard]] std::optional<Error> WritePidFile(const std::string& path, int64_t pid);

// Where one kind of listener can be reached: 'nats://127.0.0.1:4222'. A socket that is bound to
// every address gives one URL for each address of the machine.
[[nodiscard]] std::vector<std::string> ListenUrls(std::string_view scheme, std::string_view address,
                                                  int port);

struct Ports {
  std::vector<std::string> nats;
  std::vector<std::string> monitoring;
};
[[nodiscard]] std::string PortsJson(const Ports& ports);

// '<directory>/<name of program>_<pid>.ports'
[[nodiscard]] std::string PortsFilePath(std::string_view directory, std::string_view program,
                                        int64_t pid);

}  // namespace dunlin::host
