// Runs scenarios against real processes of a server, over loopback: our daemon, or the reference.
//
// Everything waits in one poll(): sockets, the servers' logs, their ends, and changes in the
// scenario's folder. Every server runs in that folder, which goes away with the target.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/target.h"

namespace dunlin::scenario {

class ProcessTarget : public Target {
 public:
  struct Options {
    TargetName name = TargetName::kReference;
    std::string binary;        // Absolute.
    bool keep_folder = false;  // Leave it behind, for a look.
  };

  explicit ProcessTarget(Options options);
  ~ProcessTarget() override;

  TargetName name() const override { return options_.name; }
  Instant Now() const override;
  bool Progress(Instant deadline) override;
  std::string Advance(Duration by) override;
  bool Settle() override { return false; }

  std::string Folder() const override { return folder_; }
  std::string WriteFile(const std::string& name, std::string_view content) override;
  std::optional<std::string> ReadFile(const std::string& name) override;

  std::vector<std::string> ListFiles() override;

  std::string Start(const ServerSpec& spec) override;
  std::string Send(const std::string& server, Signal signal) override;
  std::string Kill(const std::string& server) override;
  std::optional<int> ExitCode(const std::string& server) override;
  const std::vector<std::string>& Log(const std::string& server) override;
  std::optional<int> PortOf(const std::string& server, Port port) override;
  std::optional<int64_t> PidOf(const std::string& server) override;
  ProcessResult Run(const ServerSpec& spec, Instant deadline) override;

  ConnectionId Open(const std::string& server, Port port, int receive_buffer,
                    std::string* problem) override;
  void Send(ConnectionId connection, std::string_view bytes) override;
  std::string Flush(ConnectionId connection, Instant deadline) override;
  std::string_view Received(ConnectionId connection) override;
  void Consume(ConnectionId connection, size_t bytes) override;
  ConnectionState State(ConnectionId connection) override;
  int LocalPort(ConnectionId connection) override;
  void Shut(ConnectionId connection) override;
  void Close(ConnectionId connection) override;
  void Reset(ConnectionId connection) override;
  void Stall(ConnectionId connection) override;
  void Resume(ConnectionId connection) override;

 private:
  struct ServerProcess {
    pid_t pid = -1;
    int log_fd = -1;
    std::string log_rest;  // A line that has not ended yet.
    std::vector<std::string> log;
    std::optional<int> exit_code;
    int ports[2] = {0, 0};  // By Port; 0: none.
  };
  struct Connection {
    int fd = -1;
    int local_port = 0, remote_port = 0;
    std::string in;
    size_t consumed = 0;  // Of 'in'.
    std::string out;
    ConnectionState state = ConnectionState::kOpen;
    bool stalled = false;
    bool shut_when_sent = false;
  };

  std::vector<std::string> CommandLine(const ServerSpec& spec, const ServerProcess& server);
  std::string AwaitReady(const ServerSpec& spec, ServerProcess& server);
  bool FindPorts(const ServerSpec& spec, ServerProcess& server);
  bool FindPortsInFile(const std::string& folder, ServerProcess& server);
  void ReadLog(ServerProcess& server);
  void TakeLogLine(ServerProcess& server, std::string_view line);
  void Receive(Connection& connection);
  void Transmit(Connection& connection);
  void Drain(Connection& connection, Instant deadline);
  void End(Connection& connection, ConnectionState state);
  void RemoveFolder();

  const Options options_;
  std::string folder_;
  int changes_fd_ = -1;  // inotify.
  std::map<std::string, ServerProcess> servers_;
  std::vector<std::unique_ptr<Connection>> connections_;  // By id.
};

}  // namespace dunlin::scenario
