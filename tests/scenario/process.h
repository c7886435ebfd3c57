// Child processes and small files, for the process target.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin::scenario {

struct ChildProcess {
  pid_t pid = -1;
  int output = -1;  // Read end of its stdout; -1 if both go to 'errors'.
  int errors = -1;  // Read end of its stderr.
};

enum class Streams : unsigned char { kTogether, kApart };

// Starts 'binary' with 'arguments' (its own name first) in 'folder', with an empty stdin. The child
// dies with this process.
[[nodiscard]] ChildProcess StartProcess(const std::string& binary,
                                        const std::vector<std::string>& arguments,
                                        const std::string& folder, Streams streams);

// Its exit code, or 128 + N if signal N ended it. REQUIRES: it has ended, or is about to.
[[nodiscard]] int Reap(pid_t pid);

[[nodiscard]] std::optional<std::string> ReadWholeFile(const std::string& path);
[[nodiscard]] bool WriteWholeFile(const std::string& path, std::string_view content);

// Names in a folder, sorted; empty if there is none.
[[nodiscard]] std::vector<std::string> ListFolder(const std::string& path);

}  // namespace dunlin::scenario
