// A simulated world: virtual time, server processes with their clocks, a network, and the client
// ends of its connections. One thread, one seed: the same calls give the same bytes, always.
//
//   World world({.seed = 7});
//   const NodeId server = world.AddNode("one", options);
//   world.Start(server);
//   const EndpointId client = world.Connect(server);
//   world.Send(client, "PING\r\n");
//   world.RunUntilIdle(Seconds(1));
//   world.Received(client);              // INFO {...}\r\nPONG\r\n
//
// Nothing happens inside a call but Run...() and Step(): all others only put things on their way.
// Time starts at one second, so that an unset Instant is never mistaken for a real one, and jumps
// from event to event: hours of silence cost nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/rng.h"
#include "engine/base/time.h"
#include "engine/config/options.h"
#include "engine/server/event.h"
#include "engine/server/outbox.h"
#include "sim/ids.h"
#include "sim/link.h"
#include "sim/trace.h"

namespace dunlin::sim {

// When the process of a node is what.
enum class NodeState : uint8_t { kDown, kRunning, kExited };

// How a client's end of a connection stands.
enum class EndpointState : uint8_t {
  kConnecting,  // On its way; what is sent waits.
  kOpen,
  kRefused,   // Nobody listens there.
  kFinished,  // The server closed in good order; everything it sent before can be read.
  kReset,     // Torn down from outside; what was on its way is lost.
  kClosed,    // By the client itself.
};

// Who learns of a reset.
enum class ResetSide : uint8_t { kBoth, kServerOnly, kClientOnly };

enum class Direction : uint8_t { kToServer, kToClient };

// What a server holds for those who do not take it.
struct OutputState {
  size_t bytes_max = 0;    // Waiting for one connection, the most of all.
  Duration blocked_max{};  // How long a socket has been full by now, the longest.
};

struct LogLine {
  Instant at;  // World time.
  LogLevel level = LogLevel::kInfo;
  std::string text;  // As the engine gave it: no time stamp, no pid.
};

struct MonitorAnswer {
  int status = 0;  // HTTP; 0: refused, since the node does not listen for monitoring.
  std::string content_type;
  std::string body;
};

// Something that must not happen did. The first one is what a run reports.
struct Failure {
  Instant at;
  std::string invariant;  // A stable, short name: 'order', 'driver-contract'.
  std::string text;
};

// Told what happens at endpoints. May call Send, Connect, Close... of the world, but not Run or
// Step.
class EndpointWatcher {
 public:
  virtual ~EndpointWatcher() = default;
  virtual void OnOpened(EndpointId endpoint) = 0;
  // New bytes are in World::Received().
  virtual void OnReceived(EndpointId endpoint) = 0;
  // The connection is over: refused, finished or reset. Not called for the client's own Close().
  virtual void OnEnded(EndpointId endpoint) = 0;
};

// Called when a time that was asked for with World::Alarm() has come.
class AlarmTarget {
 public:
  virtual ~AlarmTarget() = default;
  virtual void OnAlarm(uint64_t cookie) = 0;
};

class World {
 public:
  struct Options {
    uint64_t seed = 1;
    LinkOptions link{};                              // Of connections made without their own.
    WallTime wall_at_start{1767225600'000'000'000};  // 2026-01-01T00:00:00Z.
    bool jitter = false;  // Random order of ready events, late wake-ups, small batches.
    uint32_t check_invariants_one_in = 0;  // Steps per Server::CheckInvariants(); 0: never.
    size_t log_lines_max = 100'000;        // Per node; older ones are dropped.
  };

  explicit World(Options options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // ---- Time.
  Instant now() const;
  // Carries out the next event if it is due by 'limit'; else moves time there and returns false.
  bool Step(Instant limit);
  void RunUntil(Instant at);
  void RunFor(Duration length) { RunUntil(now() + length); }
  // Until no byte is on its way and nobody has work to do, and only timers are left; true. False if
  // that was not reached within 'limit'.
  bool RunUntilIdle(Duration limit);
  // Calls target->OnAlarm(cookie) at 'at' (or now, if that is past). The target outlives the
  // world's last run.
  void Alarm(Instant at, AlarmTarget* target, uint64_t cookie);

  // ---- Server processes.
  NodeId AddNode(std::string name, config::Options options);
  // REQUIRES: not running. Boots with the options given last and a boot seed of this life's own.
  void Start(NodeId node);
  void SetOptions(NodeId node, config::Options options);  // For the next Start().
  // The process is gone at once, as by SIGKILL: its peers see resets.
  void Kill(NodeId node);
  void Signal(NodeId node, Command command);
  // SIGSTOP for a while: the process does nothing, its clocks run on.
  void Pause(NodeId node, Duration length);
  // What the next attempt to listen fails with, in the system's words.
  void FailNextListen(NodeId node, ListenerKind listener, std::string error);

  NodeState state(NodeId node) const;
  int exit_code(NodeId node) const;
  int starts(NodeId node) const;  // Lives so far.
  const std::string& name(NodeId node) const;
  // Where it listens now; nothing if it does not.
  std::optional<int> port(NodeId node, ListenerKind listener) const;
  const std::vector<LogLine>& log(NodeId node) const;
  // Connections that the process has open.
  size_t open_connections(NodeId node) const;
  OutputState output(NodeId node) const;
  std::string Describe(NodeId node) const;
  void CheckInvariants(NodeId node) const;

  // ---- Clocks of a node. The monotonic one drifts, the wall clock may jump too.
  void SetSkew(NodeId node, int64_t parts_per_million);
  void JumpWall(NodeId node, Duration by);
  Now clock(NodeId node) const;

  // ---- Clients' ends of connections.
  // Seen by the server as from 'peer_address' and a port of its own.
  EndpointId Connect(NodeId node, EndpointWatcher* watcher = nullptr);
  EndpointId Connect(NodeId node, const LinkOptions& link, EndpointWatcher* watcher,
                     std::string peer_address = "127.0.0.1");
  // Takes all of it; what the socket does not take now goes later, in order. Nothing once it is
  // over.
  void Send(EndpointId endpoint, std::string_view bytes);
  // Everything received and not yet consumed.
  std::string_view Received(EndpointId endpoint) const;
  void Consume(EndpointId endpoint, size_t bytes);
  uint64_t received_bytes_total(EndpointId endpoint) const;
  size_t unsent_bytes(EndpointId endpoint) const;
  EndpointState endpoint_state(EndpointId endpoint) const;
  int local_port(EndpointId endpoint) const;
  // No more will be sent: end of stream behind what was sent. Receiving goes on.
  void FinishSending(EndpointId endpoint);
  // Closes both ways, in good order.
  void Close(EndpointId endpoint);
  // Takes nothing more off the socket, until told to again.
  void StallReading(EndpointId endpoint);
  void ResumeReading(EndpointId endpoint);
  // Takes at most 'bytes' off the socket every 'every'. 0: as fast as it comes.
  void PaceReading(EndpointId endpoint, size_t bytes, Duration every);

  // ---- Faults of the network.
  void Reset(EndpointId endpoint, ResetSide side);
  // The client's machine is gone: no byte arrives in either direction, and nobody is told.
  void Vanish(EndpointId endpoint);
  // Nothing arrives in this direction before 'until'; then all at once.
  void Clog(EndpointId endpoint, Direction direction, Instant until);

  // ---- Monitoring.
  MonitorId RequestMonitor(NodeId node, std::string target);
  const MonitorAnswer* answer(MonitorId request) const;  // nullptr: not yet.

  // ---- What went wrong, and the record.
  void Fail(std::string_view invariant, std::string text);
  const std::vector<Failure>& failures() const;
  Trace& trace();
  const Rng& rng() const;  // Fork it; never draw from it.

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dunlin::sim
