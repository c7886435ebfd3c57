// The reference server as a process on loopback, and one client's socket to it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "engine/config/options.h"
#include "tests/scenario/process.h"
#include "tests/support/temp_dir.h"

namespace dunlin::differential {

// Its path: $DUNLIN_ORACLE, or nats-server on the PATH. Absent: there is none.
[[nodiscard]] std::optional<std::string> FindReference();

class Reference {
 public:
  // Starts one, and waits until clients can connect.
  Reference(const std::string& binary, const config::Options& options);
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;
  ~Reference();

  // 0: it has not come up.
  int port() const { return port_; }

 private:
  testing::TempDir folder_;
  scenario::ChildProcess process_;
  int port_ = 0;
};

class Socket {
 public:
  explicit Socket(int port);
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&&) = delete;
  ~Socket();

  void Send(std::string_view bytes);
  // Waits for more to arrive, or for the end. False: nothing within 'patience'.
  bool Receive(std::chrono::milliseconds patience);
  // We send no more.
  void Finish();

  const std::string& received() const { return received_; }
  bool ended() const { return ended_; }

 private:
  int fd_;
  std::string received_;
  bool ended_ = false;
};

}  // namespace dunlin::differential
