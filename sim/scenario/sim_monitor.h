// One HTTP connection to a simulated server's monitoring port: bytes through the same filter as on
// the host, requests to the engine in the world.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http/server_conn.h"
#include "sim/world.h"

namespace dunlin::scenario {

class SimMonitor {
 public:
  // The world outlives it.
  SimMonitor(sim::World& world, sim::NodeId node, std::string base_path);

  void Send(std::string_view bytes);
  void FinishSending();
  // Looks whether the engine has answered. Call after every step of the world.
  void Pump();

  std::string& received() { return received_; }
  bool ended() const { return ended_; }

 private:
  WallTime Wall() const { return world_.clock(node_).wall; }
  void MoveOn();

  sim::World& world_;
  const sim::NodeId node_;
  http::ServerConn http_;
  std::optional<sim::MonitorId> asked_;
  std::string received_;
  bool ended_ = false;
};

}  // namespace dunlin::scenario
