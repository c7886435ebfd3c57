// Drives one Server: waits for descriptors, tells the engine what happened, carries out what it
// asks.
//
// One thread, one batch at a time (see engine/server/server.h for the order). Holds no policy:
// limits below only bound the work of one batch. Level-triggered epoll; what a wake reported and
// one batch had no room for is done by the next, before epoll is asked again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/server/server.h"
#include "host/compute_thread.h"
#include "host/connection_table.h"
#include "host/listener.h"
#include "host/log_sink.h"
#include "host/monitor_port.h"
#include "host/poller.h"
#include "host/read_arena.h"
#include "host/signals.h"
#include "host/text_pool.h"
#include "host/usage.h"

namespace dunlin::host {

// What both clocks of the system show.
[[nodiscard]] Now ReadClocks();

class EventLoop {
 public:
  struct Options {
    size_t arena_bytes = 1 << 20;       // Of all reads of a batch.
    size_t read_bytes_max = 256 << 10;  // Of one read; one a connection and batch.
    size_t headroom_max = 256 << 10;    // What the engine gets in front of a read at most.
    int accepts_max = 64;               // A listener and wake.
  };

  // REQUIRES: all three outlive this.
  EventLoop(Server& server, LogSink& log, Signals& signals, Options options);

  // Boots the server: when it returns the server listens, or exit_code() says that it could not.
  void Boot();

  // Runs until the server is done; returns the process's exit code.
  int Run();

  std::optional<int> exit_code() const { return exit_code_; }
  const Listener& listener(ListenerKind kind) const {
    return listeners_[static_cast<size_t>(kind)];
  }

 private:
  // How long to wait for more before accepting is tried again although no descriptor was closed.
  static constexpr Duration kAcceptRetry = Millis(500);
  // Pieces of output written by one call.
  static constexpr size_t kSlicesMax = 128;

  // Collecting.
  void Wait();
  void Collect(Now now);
  [[nodiscard]] bool OnReady(const epoll_event& ready, Now now);
  [[nodiscard]] bool OnConnection(ConnId id, uint32_t events, Now now);
  void ReadFrom(ConnId id, Connection& connection);
  void OnMonitorReady(ConnId id, Connection& connection, uint32_t events, Now now);
  void AcceptFrom(Listener& listener, Now now);
  void OnAcceptFailure(Listener& listener, int error, Now now);
  void ResumeAccepting(Now now);
  void WatchListeners(uint32_t events);

  // Carrying out.
  void StepUntilQuiet(Now now);
  void CarryOut(const Effect& effect, Now now);
  void Listen(const Effect& effect);
  void WriteTo(ConnId id, Connection& connection);
  void CloseByUs(ConnId id, Connection& connection);
  void ServeMonitor(MonitorPort::Conn& conn, Connection& connection, Now now);
  void ReplyToMonitor(const Effect& effect, Now now);
  void Compute(const Effect& effect);

  void Watch(ConnId id, Connection& connection);
  void Lost(ConnId id, Connection& connection, TransportEnd end, std::string_view text);
  Event& Add(Event::Kind kind, ConnId id);

  Server& server_;
  LogSink& log_;
  Signals& signals_;
  const Options options_;
  Poller poller_;
  Listener listeners_[2]{Listener(ListenerKind::kClient), Listener(ListenerKind::kMonitor)};
  ConnectionTable connections_;
  MonitorPort monitor_;
  UsageMeter usage_meter_;
  ComputeThread compute_;

  // Of the batch at hand.
  ReadArena arena_;
  TextPool texts_;
  std::vector<Event> events_;
  Outbox outbox_;
  ProcessUsage usage_;

  std::span<const epoll_event> ready_;   // What the last wake reported and is still to be done.
  std::optional<Instant> accept_again_;  // Set: out of descriptors; listeners are not watched.
  bool exhaustion_logged_ = false;
  bool descriptor_freed_ = false;
  std::optional<int> exit_code_;
};

}  // namespace dunlin::host
