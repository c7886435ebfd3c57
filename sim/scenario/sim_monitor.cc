#include "sim/scenario/sim_monitor.h"

#include "engine/monitor/monitor.h"

namespace dunlin::scenario {

SimMonitor::SimMonitor(sim::World& world, sim::NodeId node, std::string base_path)
    : world_(world),
      node_(node),
      http_({.base_path = std::move(base_path), .endpoints = monitor::Endpoints()}) {}

void SimMonitor::Send(std::string_view bytes) {
  http_.OnBytes(Wall(), {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  MoveOn();
}

void SimMonitor::FinishSending() {
  http_.OnEnd();
  MoveOn();
}

void SimMonitor::Pump() {
  if (world_.state(node_) != sim::NodeState::kRunning) ended_ = true;
  if (!asked_ || ended_) return;
  const sim::MonitorAnswer* answer = world_.answer(*asked_);
  if (answer == nullptr) return;
  asked_.reset();
  http_.Respond(
      Wall(),
      {.status = answer->status, .content_type = answer->content_type, .text = answer->body});
  MoveOn();
}

// Takes what the filter has to say, and passes on what it was asked.
void SimMonitor::MoveOn() {
  if (!asked_) {
    if (const auto request = http_.TakeRequest()) {
      asked_ = world_.RequestMonitor(node_, request->target);
    }
  }
  received_ += http_.Output();
  http_.Consumed(http_.Output().size());
  if (http_.ShouldClose()) ended_ = true;
}

}  // namespace dunlin::scenario
