// A simulated server process: an engine and the driver's loop around it.
//
// Keeps the contract of engine/server/server.h to the letter, and leans on it: with Options::jitter
// events come in any order that is allowed, batches are cut anywhere, wake-ups are late, output
// leaves in pieces, headroom is short, and memory is overwritten as soon as the engine may no
// longer look at it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/config/options.h"
#include "engine/server/server.h"
#include "sim/clock.h"
#include "sim/kernel.h"
#include "sim/network.h"
#include "sim/read_arena.h"
#include "sim/world.h"

namespace dunlin::sim {

class Node : public ServerDoor {
 public:
  Node(Kernel& kernel, Network& network, NodeId id, std::string name, config::Options options);

  // ---- The operator's side; see World.
  void Start();
  void SetOptions(config::Options options) { options_ = std::move(options); }
  void Kill();
  void Signal(Command command);
  void Pause(Duration length);
  void FailNextListen(ListenerKind listener, std::string error);
  void RequestMonitor(MonitorId request, std::string target);
  void SetSkew(int64_t ppm);
  void JumpWall(Duration by) { clock_.JumpWall(by); }

  NodeState state() const { return state_; }
  int exit_code() const { return exit_code_; }
  int starts() const { return life_; }
  const std::string& name() const { return name_; }
  std::optional<int> port(ListenerKind listener) const;
  const std::vector<LogLine>& log() const { return log_; }
  size_t open_connections() const { return open_; }
  OutputState output() const;
  Now ReadClock() const { return clock_.Read(kernel_.now); }
  std::string Describe() const;
  void CheckInvariants() const;
  // The answers that came since the last call, by request number.
  struct Answer {
    MonitorId request;
    MonitorAnswer answer;
  };
  std::vector<Answer> TakeAnswers() { return std::move(answers_); }

  // ---- Happenings.
  void OnWake(uint64_t life);
  void OnDeadline(uint64_t life);
  void OnComputed(uint64_t computation);

  // ---- ServerDoor.
  bool Accepts() const override;
  void OnIncoming(uint32_t connection) override;
  void OnReadable(uint32_t connection) override;
  void OnWritable(uint32_t connection) override;

 private:
  // A connection as the driver keeps it; its index is ConnId::slot.
  struct Slot {
    uint32_t generation = 0;
    uint32_t connection = 0;
    bool open = false;
    bool reads_paused = false;
    bool blocked = false;     // The socket took no more; written on when it does ...
    Instant blocked_since{};  // ... and has taken nothing since then.
    bool writable = false;    // ... which is now.
    bool queued = false;      // In ready_.
  };
  struct Listener {
    bool open = false;
    int port = 0;
    std::string next_error;
  };

  static Event& AddEvent(std::vector<Event>* to, Event::Kind kind, ConnId conn = {});
  void WakeSoon();
  void Queue(uint32_t slot);
  void Run();
  void CollectIncoming();
  void CollectReady();
  void CollectSlot(uint32_t slot);
  void CollectBytes(uint32_t slot);
  void StepAndCarryOut();
  void StepOnce(const std::vector<Event>& batch);
  void CarryOut(const Effect& effect);
  void CarryOutListen(const Effect& effect);
  void CarryOutWrite(const Effect& effect);
  void CarryOutClose(const Effect& effect);
  void CarryOutLog(const Effect& effect);
  void CarryOutCompute(const Effect& effect);
  void CarryOutReply(const Effect& effect);
  // Writes what the socket takes and appends the kWritten events.
  void WriteOut(uint32_t slot, std::vector<Event>* events);
  void WriteSlice(uint32_t slot, const IoSlice& slice, size_t size);
  void AddClosed(uint32_t slot, TransportEnd end, std::string_view text,
                 std::vector<Event>* events);
  void FreeEndedSlots();
  void ScheduleDeadline();
  void TearDown();
  Slot* Find(ConnId conn);
  ConnId IdOf(uint32_t slot) const { return {slot, slots_[slot].generation}; }
  void TraceEvent(const Event& event);
  void TraceEffect(const Effect& effect);
  Listener& ListenerOf(ListenerKind kind) { return listeners_[static_cast<size_t>(kind)]; }
  bool jitter() const { return kernel_.options.jitter; }

  Kernel& kernel_;
  Network& network_;
  const NodeId id_;
  const std::string name_;
  config::Options options_;
  Rng rng_;
  Clock clock_;

  // Of this life.
  NodeState state_ = NodeState::kDown;
  int exit_code_ = 0;
  int life_ = 0;
  std::unique_ptr<Server> server_;
  Outbox outbox_;
  Now step_now_;
  bool booted_ = false;
  bool wake_scheduled_ = false;
  Instant deadline_scheduled_ = kNever;
  Instant paused_until_;
  std::array<Listener, 2> listeners_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;  // Last in, first out: the hardest on late effects.
  std::vector<uint32_t> ended_slots_;
  std::vector<uint32_t> slot_of_connection_;  // By connection number; UINT32_MAX: none.
  std::deque<uint32_t> incoming_;             // Connections in the listener's backlog.
  std::vector<uint32_t> ready_;               // Slots with something to read, write or close.
  size_t open_ = 0;

  std::vector<Event> waiting_;     // Events for the next batch that need no collecting.
  std::deque<std::string> texts_;  // What events of waiting_ and batch_ point to.
  std::vector<Event> batch_;
  std::vector<Event> follow_up_;
  ReadArena arena_;
  uint64_t steps_ = 0;

  struct Pending {
    MonitorId request;
    uint64_t ticket;
    MonitorAnswer answer;  // What has come of it.
  };
  std::vector<Pending> pending_requests_;
  std::vector<Answer> answers_;
  uint64_t tickets_ = 0;
  // What takes a while to compute is known at once here, and told later. Of all lives, in order.
  struct Computation {
    int life = 0;
    Ticket ticket;
    bool yes = false;
  };
  std::vector<Computation> computations_;
  std::vector<LogLine> log_;
};

}  // namespace dunlin::sim
