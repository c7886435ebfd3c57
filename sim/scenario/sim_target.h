// Runs scenarios against the engine in a simulated world: virtual time, one seed, no waiting.
//
// Command lines and configs go through the same code as the daemon's. Files are those that the
// scenario writes; what a host would write (pid, ports and log files) does not exist here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/startup.h"
#include "sim/scenario/sim_monitor.h"
#include "sim/scenario/target.h"
#include "sim/world.h"

namespace dunlin::scenario {

class SimTarget : public Target {
 public:
  // 'sink', if there is one, sees every event and effect.
  explicit SimTarget(uint64_t seed, sim::TraceSink* sink = nullptr);

  // Of everything that happened, for comparing two runs.
  uint64_t hash() { return world_.trace().hash(); }

  TargetName name() const override { return TargetName::kSim; }
  Instant Now() const override { return world_.now(); }
  bool Progress(Instant deadline) override;
  std::string Advance(Duration by) override;
  bool Settle() override;
  std::string Verify() override;

  std::string Folder() const override { return "/scenario"; }
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
  // A server as the scenario knows it: a node, once it has started.
  struct SimServer {
    std::optional<sim::NodeId> node;
    bool killed = false;
    std::string base_path;         // Of its monitoring pages.
    int ports[2] = {0, 0};         // By Port, of its first life.
    std::vector<std::string> log;  // As Target::Log() gives it.
    size_t log_taken = 0;          // Lines of the node's log that are in 'log'.
  };
  // The scenario's own files, and no environment.
  class Files : public config::Source {
   public:
    Result<std::string> ReadFile(const std::string& path) override;
    std::optional<std::string> Env(const std::string&) override { return std::nullopt; }
    std::map<std::string, std::string, std::less<>> content;  // By path without the folder.
  };

  config::Startup Prepare(const ServerSpec& spec, const SimServer& server);
  void Boot(config::Options options, ProcessResult* result);
  void TakePort(const SimServer& server, Port port, int* known);
  static sim::EndpointId Endpoint(ConnectionId connection) {
    return {static_cast<uint32_t>(connection)};
  }

  // Connections to monitoring ports are ours, and are numbered from here on.
  static constexpr ConnectionId kFirstMonitor = 1 << 28;
  // nullptr: a client's. REQUIRES: not closed.
  SimMonitor* Monitor(ConnectionId connection);
  void PumpMonitors();

  sim::World world_;
  std::vector<std::unique_ptr<SimMonitor>> monitors_;
  Files files_;
  std::map<std::string, SimServer> servers_;
};

}  // namespace dunlin::scenario
