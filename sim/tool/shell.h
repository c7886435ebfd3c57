// What dunlin-sim itself needs of the system: files, real time, child processes, last words. The
// rest of sim/ is pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace dunlin::sim {

[[nodiscard]] std::optional<std::string> ReadWholeFile(const std::string& path);

// Of the monotonic clock; only differences mean anything.
[[nodiscard]] double RealSeconds();
// CPU time of this process and of its ended children.
[[nodiscard]] double CpuSeconds();

// If the process dies of a failed CHECK or a bad access, this line is printed to standard error
// first.
void SetLastWords(std::string line);

// Numbers that a child process reports one by one, until it ends or dies.
class ChildWork {
 public:
  virtual ~ChildWork() = default;
  // Runs in the child. Returns the exit code.
  virtual int Run(int report_to) = 0;
};
struct ChildResult {
  bool died = false;  // By a signal.
  int exit_code = 0;
  std::optional<uint64_t> last_report;
};
[[nodiscard]] ChildResult RunInChild(ChildWork& work);
// In the child.
void Report(int report_to, uint64_t number);

}  // namespace dunlin::sim
