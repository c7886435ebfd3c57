// What a scenario runs against: the simulated engine, or real processes of a server.
//
// All calls but Progress(), Start() and Run() return at once. Problems are sentences for the
// one who wrote the scenario; an empty string means that it worked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "sim/scenario/script.h"

namespace dunlin::scenario {

enum class Port : uint8_t { kClient, kMonitor };

struct ServerSpec {
  std::string name;
  bool monitor = false;  // Listen for monitoring too.
  bool bare = false;     // Use 'args' alone: no address, ports or files of the target's own.
  std::string args;      // As on a command line; double quotes keep blanks.
  std::optional<std::string> config;
};

struct ProcessResult {
  std::string problem;
  int exit_code = 0;
  std::string output, errors;
};

using ConnectionId = int;

enum class ConnectionState : uint8_t { kOpen, kFinished, kReset, kClosedByUs };

class Target {
 public:
  virtual ~Target() = default;
  virtual TargetName name() const = 0;

  // ---- Time. Real, or virtual.
  virtual Instant Now() const = 0;
  // Waits until something has happened that a caller can see; false if 'deadline' came first.
  virtual bool Progress(Instant deadline) = 0;
  // Moves virtual time on.
  virtual std::string Advance(Duration by) = 0;
  // Waits until nothing is on its way any more, and returns true; or returns false, if the target
  // cannot know: then only an answer of the server proves it.
  virtual bool Settle() = 0;
  // What the target itself found wrong so far.
  virtual std::string Verify() { return ""; }

  // ---- The scenario's own folder, in which the servers run.
  virtual std::string Folder() const = 0;
  virtual std::string WriteFile(const std::string& name, std::string_view content) = 0;
  virtual std::optional<std::string> ReadFile(const std::string& name) = 0;

  virtual std::vector<std::string> ListFiles() = 0;

  // ---- Servers.
  // Starts a server, or starts it again, then on the ports it had. Returns when it can be connected
  // to.
  virtual std::string Start(const ServerSpec& spec) = 0;
  virtual std::string Send(const std::string& server, Signal signal) = 0;
  virtual std::string Kill(const std::string& server) = 0;
  // Nothing while it runs. A death by signal N counts as 128 + N.
  virtual std::optional<int> ExitCode(const std::string& server) = 0;
  // All lines so far, as '[INF] text' without time and pid.
  virtual const std::vector<std::string>& Log(const std::string& server) = 0;
  virtual std::optional<int> PortOf(const std::string& server, Port port) = 0;
  virtual std::optional<int64_t> PidOf(const std::string& server) = 0;
  // A process that is expected to end by itself.
  virtual ProcessResult Run(const ServerSpec& spec, Instant deadline) = 0;

  // ---- Connections. The target reads all the time, but for stalled ones.
  // Negative, with the problem, if it was refused.
  virtual ConnectionId Open(const std::string& server, Port port, int receive_buffer,
                            std::string* problem) = 0;
  // Takes all bytes; what the socket does not take now is sent during Progress().
  virtual void Send(ConnectionId connection, std::string_view bytes) = 0;
  // Waits until the server has read everything that was sent to it.
  virtual std::string Flush(ConnectionId connection, Instant deadline) = 0;
  virtual std::string_view Received(ConnectionId connection) = 0;
  virtual void Consume(ConnectionId connection, size_t bytes) = 0;
  virtual ConnectionState State(ConnectionId connection) = 0;
  virtual int LocalPort(ConnectionId connection) = 0;
  virtual void Shut(ConnectionId connection) = 0;
  virtual void Close(ConnectionId connection) = 0;
  virtual void Reset(ConnectionId connection) = 0;
  virtual void Stall(ConnectionId connection) = 0;
  virtual void Resume(ConnectionId connection) = 0;
};

}  // namespace dunlin::scenario
