// What a Server is made of. Private to engine/server: users see server.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/monitor/monitor.h"
#include "engine/monitor/source.h"
#include "engine/server/server.h"
#include "engine/session/client_hub.h"

namespace dunlin {

class Server::Impl : public monitor::Source {
 public:
  Impl(config::Options options, Boot boot);

  void Step(Now now, std::span<const Event> batch, Outbox* out);
  Instant NextDeadline() const;
  session::ClientHub& hub() { return *hub_; }
  const session::ClientHub& hub() const { return *hub_; }
  const config::Options& options() const { return options_; }

  // monitor_source.cc
  monitor::ServerFacts Facts() const override;
  bool NextConn(uint64_t* position, monitor::ConnInfo* info) const override;
  bool ConnAt(uint64_t position, monitor::ConnInfo* info) const override;
  size_t ListSubs(const monitor::ConnInfo& conn, uint64_t* cursor,
                  std::span<monitor::SubInfo> page) const override;
  const monitor::ClosedRing& Closed() const override { return hub_->closed(); }
  void WantRtt(const monitor::ConnInfo& conn) override;

 private:
  enum class State : uint8_t {
    kNew,
    kStarting,  // Waiting for the listeners.
    kRunning,
    kLameDuck,  // No new clients; those that are there are sent away one by one.
    kExited,
  };

  void Handle(const Event& event);
  void HandleCommand(const Event& event);

  // boot.cc
  void Start();
  void ListenNext();
  void OnListening(const Event& event);
  void OnListenFailed(const Event& event);
  bool Advertise(int port);
  void BecomeReady();

  // shutdown.cc
  void StartLameDuck();
  void OnLameDuckDeadline();
  void Shutdown();

  void DoMonitorWork();
  void Log(LogLevel level, std::string_view line) {
    if (level != LogLevel::kDebug || options_.debug) out_->Log(level, line);
  }

  const config::Options options_;
  const Boot boot_;
  Rng rng_;
  State state_ = State::kNew;
  Now now_;
  Outbox* out_ = nullptr;
  WallTime started_wall_;
  Instant started_;
  ProcessUsage usage_;

  std::unique_ptr<session::ClientHub> hub_;  // Made by the first step, which knows the time.
  monitor::Monitor monitor_;
  monitor::MonitorOutput monitor_output_;
  int monitor_port_ = 0;
  bool client_listener_up_ = false;

  // Lame duck mode: who is still to be sent away, when, and how far apart.
  std::vector<ConnId> ducks_;
  size_t ducks_done_ = 0;
  Duration duck_interval_;
  int ducks_per_turn_ = 1;
  Instant duck_deadline_ = kNever;
};

}  // namespace dunlin
