// A client that lives by its plan: connects, publishes, subscribes, answers, leaves, comes back.
// Tells the History all it does and sees, so that the checkers can judge.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/rng.h"
#include "sim/checkers/history.h"
#include "sim/client/server_ops.h"
#include "sim/plan/plan.h"
#include "sim/world.h"

namespace dunlin::sim {

// What all actors of a run share.
struct Stage {
  World& world;
  History& history;
  const Plan& plan;
  NodeId server;
  // While true, new connections are excused from the start: the plan is tight, or the server is
  // going down. See ConnRecord::excused.
  bool excuse_all = false;
  bool server_in_trouble = false;
  std::map<std::string, MessageIndex, std::less<>> by_reply;  // Replies name their message.

  // The history, told the time.
  History& Told() {
    history.SetNow(world.now());
    return history;
  }
};

class Actor : public EndpointWatcher, public AlarmTarget {
 public:
  Actor(Stage& stage, const ClientPlan& plan);

  int64_t id() const { return plan_.id; }
  // Connects when its plan says so.
  void Begin();

  // ---- Faults. Those that do not reach it now (it is not connected) do nothing.
  void Reset(ResetSide side);
  void Vanish();
  void Stall(Duration length);
  void Pace(int64_t bytes, Duration length);
  void Mute(Duration length);
  void Clog(Direction direction, Duration length);
  // Leaves, and comes back.
  void Leave();
  void Excuse();

  // ---- The end.
  // Faults off; no more work of its own, but it still answers and comes back if it has to.
  void Settle();
  // Asks for a last PONG, if it is connected.
  void Ping();
  enum class Departure : uint8_t { kClose, kFinish, kReset, kVanish };
  void Depart(Departure how);

  bool ready() const { return state_ == State::kReady; }
  // Sent a PING that is not answered yet.
  bool waits_for_pong() const { return !pings_.empty(); }

  // ---- EndpointWatcher, AlarmTarget.
  void OnOpened(EndpointId endpoint) override;
  void OnReceived(EndpointId endpoint) override;
  void OnEnded(EndpointId endpoint) override;
  void OnAlarm(uint64_t cookie) override;

 private:
  enum class State : uint8_t { kAway, kConnecting, kGreeting, kReady, kDeparted };
  enum class AlarmKind : uint8_t { kConnect, kBurst, kUnstall, kUnpace, kUnmute };
  struct SentPing {
    Instant at;
    uint64_t oks_expected;  // +OKs that must have come before its PONG.
  };

  void SetAlarm(Duration in, AlarmKind kind);
  void Connect();
  void ComeBackLater();
  void Handle(const ServerOp& op);
  void HandleInfo(std::string_view json);
  void HandleMsg(const ServerOp& op);
  void HandlePong();
  bool HandleNoResponders(const ServerOp& op);

  void Burst();
  void DoOne();
  void Publish(std::string_view subject, std::string_view reply);
  void Request();
  void Subscribe(std::string_view pattern, std::string_view queue);
  void SubscribeSomething();
  void Unsubscribe();
  void BeRude();
  void AddPing();
  void Flush();
  void Broken(std::string_view problem);
  bool connected() const { return state_ == State::kGreeting || state_ == State::kReady; }
  bool Percent(int64_t percent) { return rng_.Chance(static_cast<uint64_t>(percent), 100); }

  Stage& stage_;
  const ClientPlan plan_;
  Rng rng_;

  State state_ = State::kAway;
  bool settled_ = false;
  uint64_t life_ = 0;  // Of the connection; alarms of older ones are late.
  EndpointId endpoint_;

  // Of this connection.
  ConnIndex conn_ = kNone;
  std::string out_;  // What the current burst has composed.
  uint64_t seq_ = 0;
  uint64_t sids_ = 0;
  uint64_t unknown_ = 0;           // Operations since the last PING.
  std::vector<SubIndex> subs_;     // That it has not unsubscribed.
  std::vector<SubIndex> leaving_;  // Unsubscribed, and perhaps still there.
  std::vector<std::string> free_sids_;
  std::deque<SentPing> pings_;
  uint64_t oks_expected_ = 0, oks_received_ = 0;
  bool muted_ = false;
  bool rude_ = false;

  uint64_t inbox_ = 0;  // Numbers requests over all connections.
};

}  // namespace dunlin::sim
