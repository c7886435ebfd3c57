// The real program, started for one test, on a free port of the loopback interface.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "host/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace dunlin::host {

class Daemon {
 public:
  struct Options {
    std::vector<std::string> flags = {};  // Besides '-a 127.0.0.1 -p -1'.
    int descriptors_max = 0;              // Hard limit; 0: as it is.
    bool stderr_closed = false;  // Its standard error is a pipe that nobody reads any more.
  };

  explicit Daemon(Options options);
  Daemon() : Daemon(Options{}) {}
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  pid_t pid() const { return pid_; }
  const testing::TempDir& dir() const { return dir_; }  // Its working directory.
  // What it has written to standard error and standard output.
  std::string Log() const;
  // Waits until it has written 'text'.
  bool Says(std::string_view text) const;
  // The port behind 'text' in its log ('Listening for client connections on 127.0.0.1:'); waits for
  // it.
  int PortAfter(std::string_view text) const;
  int client_port() const { return PortAfter("Listening for client connections on 127.0.0.1:"); }

  void Send(int signal) const { ::kill(pid_, signal); }
  // Waits for its end; the exit code, or 1000 + the signal that killed it.
  int Wait();

 private:
  testing::TempDir dir_;
  pid_t pid_ = -1;
};

// A connection to 'port' of this machine.
[[nodiscard]] UniqueFd Dial(int port);
// The next line without CR LF; 'EOF' at the end of the stream, 'nothing' after the deadline.
[[nodiscard]] std::string ReadLine(const UniqueFd& fd);
// So many bytes, or fewer if the stream ends or nothing comes before the deadline.
[[nodiscard]] std::string ReadBytes(const UniqueFd& fd, size_t size);
void SendText(const UniqueFd& fd, std::string_view text);

}  // namespace dunlin::host
