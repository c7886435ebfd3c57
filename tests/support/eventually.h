// Waiting for what another process or the kernel does, in tests of real sockets and processes.
#pragma once

#include <poll.h>

#include <chrono>

namespace dunlin::testing {

inline constexpr std::chrono::seconds kDeadline{20};  // Far beyond what a loaded machine needs.

// Whether 'condition' came true before the deadline. Looks again every few milliseconds.
template <typename Condition>
[[nodiscard]] bool Eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

// Whether 'fd' could be read before the deadline.
[[nodiscard]] inline bool Readable(int fd) {
  pollfd ready{fd, POLLIN, 0};
  return ::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(kDeadline).count())) == 1;
}

}  // namespace dunlin::testing
