#include "sim/plan/run.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/base/knob.h"
#include "sim/checkers/all.h"
#include "sim/checkers/history.h"
#include "sim/client/actor.h"
#include "sim/client/compose.h"
#include "sim/plan/drain.h"

namespace dunlin::sim {
namespace {

constexpr Duration kAuditEvery = Millis(500);
// Longer than any client waits to come back, and the bound of 'answers'.
constexpr Duration kSettling = Seconds(12);

config::Options OptionsOf(const ServerPlan& plan) {
  config::Options options;
  options.server_name = "sim";
  options.http_port = 8222;
  options.ping_interval = plan.ping_interval;
  options.ping_max = static_cast<int>(plan.ping_max);
  options.write_deadline = plan.write_deadline;
  options.auth_timeout = plan.auth_timeout;
  options.lame_duck_duration = plan.lame_duck_duration;
  options.lame_duck_grace_period = plan.lame_duck_grace_period;
  options.max_payload = static_cast<int32_t>(plan.max_payload);
  options.max_pending = plan.max_pending;
  options.max_control_line = static_cast<int32_t>(plan.max_control_line);
  options.max_connections = static_cast<int>(plan.max_connections);
  options.max_subscriptions = static_cast<int>(plan.max_subscriptions);
  options.no_sublist_cache = !plan.sublist_cache;
  options.no_fast_producer_stall = !plan.stall_fast_producers;
  options.debug = options.trace = plan.debug_and_trace;
  if (plan.password) {
    options.username = kUser;
    options.password = plan.hashed_password ? kPasswordHash : kPassword;
  }
  return options;
}

World::Options WorldOptionsOf(const Plan& plan) {
  World::Options options;
  options.seed = plan.seed;
  options.link = plan.link;
  options.jitter = plan.jitter;
  options.check_invariants_one_in = static_cast<uint32_t>(plan.check_invariants_one_in);
  return options;
}

// One run, from boot to the last check.
class Run : public AlarmTarget {
 public:
  Run(const Plan& plan, TraceSink* sink)
      : plan_(plan),
        world_(WorldOptionsOf(plan)),
        server_(world_.AddNode("sim", OptionsOf(plan.server))),
        stage_{.world = world_,
               .history = history_,
               .plan = plan_,
               .server = server_,
               .by_reply = {}} {
    world_.trace().SetSink(sink);
    stage_.excuse_all = IsTight(plan_);
    // Without the stall, what a slow consumer has no room for is dropped, as in the reference.
    const bool drops = !plan_.server.stall_fast_producers && IsTight(plan_);
    AddAllCheckers(history_, drops ? Drops::kAllowed : Drops::kForbidden);
    for (const ClientPlan& client : plan_.clients) {
      actors_.push_back(std::make_unique<Actor>(stage_, client));
    }
  }

  RunResult Go() {
    const Instant start = world_.now();
    world_.Start(server_);
    for (const auto& actor : actors_) actor->Begin();
    for (size_t i = 0; i < plan_.faults.size(); ++i) {
      world_.Alarm(start + plan_.faults[i].at, this, i);
    }
    world_.Alarm(start, this, kAudit);
    world_.RunUntil(start + plan_.length);
    Heal();
    Settle();
    if (Passed()) Drain();
    return Result(world_.now() - start);
  }

  void OnAlarm(uint64_t cookie) override {
    if (cookie == kAudit) {
      Audit();
    } else if (cookie == kRestart) {
      StartAgain();
    } else {
      Inflict(plan_.faults[cookie]);
    }
  }

 private:
  static constexpr uint64_t kAudit = UINT64_MAX;
  static constexpr uint64_t kRestart = UINT64_MAX - 1;

  bool Passed() const { return world_.failures().empty() && history_.violations().empty(); }

  Actor* Find(int64_t client) {
    const auto it = std::find_if(actors_.begin(), actors_.end(),
                                 [&](const auto& actor) { return actor->id() == client; });
    return it == actors_.end() ? nullptr : it->get();
  }

  // What holds at every moment.
  void Audit() {
    stage_.Told().Time();
    if (world_.state(server_) == NodeState::kRunning) {
      const OutputState output = world_.output(server_);
      // The message that goes over the limit may be there whole.
      const auto most = static_cast<size_t>(plan_.server.max_pending + plan_.server.max_payload +
                                            plan_.server.max_control_line + 4096);
      if (output.bytes_max > most) {
        world_.Fail("output-limit",
                    std::to_string(output.bytes_max) + " bytes wait for one client");
      }
      // Closed by write_deadline, give or take a pause of the process and a slow wake-up.
      if (output.blocked_max > plan_.server.write_deadline * 2 + Seconds(10)) {
        world_.Fail("write-deadline",
                    "a socket takes nothing for " + FormatDuration(output.blocked_max));
      }
    }
    if (Passed()) world_.Alarm(world_.now() + kAuditEvery, this, kAudit);
  }

  void ExcuseAll() {
    for (const auto& actor : actors_) actor->Excuse();
  }

  void GoDown(const FaultPlan& fault) {
    stage_.server_in_trouble = true;
    ExcuseAll();
    if (fault.kind == FaultKind::kKill) {
      world_.Kill(server_);
    } else {
      world_.Signal(server_, fault.kind == FaultKind::kStop ? Command::kStop : Command::kLameDuck);
    }
    world_.Alarm(world_.now() + fault.length, this, kRestart);
  }

  void StartAgain() {
    if (!stage_.server_in_trouble) return;  // Healed meanwhile.
    // A stop or a lame duck that takes longer than the plan thought is cut short.
    if (world_.state(server_) == NodeState::kRunning) world_.Kill(server_);
    world_.Start(server_);
    stage_.server_in_trouble = false;
  }

  void Inflict(const FaultPlan& fault) {
    if (fault.at >= plan_.length || world_.state(server_) != NodeState::kRunning) return;
    const Duration length = std::min(fault.length, plan_.length - fault.at);
    switch (fault.kind) {
      case FaultKind::kStorm:
        for (const auto& actor : actors_) actor->Leave();
        return;
      case FaultKind::kPause:
        ExcuseAll();
        world_.Pause(server_, length);
        return;
      case FaultKind::kKill:
      case FaultKind::kStop:
      case FaultKind::kLameDuck:
        if (!stage_.server_in_trouble) GoDown(fault);
        return;
      case FaultKind::kSkew: world_.SetSkew(server_, fault.detail); return;
      case FaultKind::kWallJump: world_.JumpWall(server_, fault.length); return;
      case FaultKind::kReopenLog: world_.Signal(server_, Command::kReopenLog); return;
      default: break;
    }
    Actor* actor = Find(fault.client);
    if (actor == nullptr) return;
    switch (fault.kind) {
      case FaultKind::kReset: actor->Reset(static_cast<ResetSide>(fault.detail)); break;
      case FaultKind::kVanish: actor->Vanish(); break;
      case FaultKind::kStall: actor->Stall(length); break;
      case FaultKind::kPace: actor->Pace(std::max<int64_t>(fault.detail, 1), length); break;
      case FaultKind::kMute: actor->Mute(length); break;
      case FaultKind::kClogIn: actor->Clog(Direction::kToServer, length); break;
      case FaultKind::kClogOut: actor->Clog(Direction::kToClient, length); break;
      default: break;
    }
  }

  // No more work and no more faults: from here on everything has to come right.
  void Heal() {
    if (world_.state(server_) != NodeState::kRunning || stage_.server_in_trouble) {
      if (world_.state(server_) == NodeState::kRunning) world_.Kill(server_);
      world_.Start(server_);
      stage_.server_in_trouble = false;
    }
    for (const auto& actor : actors_) actor->Settle();
    stage_.Told().Healed();
  }

  void Settle() {
    // Twice: what the first PONGs make known, the second ones demand.
    for (int round = 0; round < 2; ++round) {
      world_.RunFor(kSettling);
      for (const auto& actor : actors_) actor->Ping();
    }
    world_.RunFor(kSettling);
    stage_.Told().Finish();
    for (const auto& actor : actors_) {
      if (!stage_.excuse_all && !actor->ready()) {
        world_.Fail("comes-back", "client c" + std::to_string(actor->id()) + " is not connected");
      }
    }
  }

  void Drain() {
    Rng rng = world_.rng().Fork("departure");
    for (const auto& actor : actors_) {
      actor->Depart(rng.Chance(1, 2) ? Actor::Departure::kClose
                                     : static_cast<Actor::Departure>(rng.Below(4)));
    }
    CheckDrained(world_, server_, plan_.server);
  }

  RunResult Result(Duration simulated) {
    RunResult result;
    result.failures = world_.failures();
    for (const Violation& violation : history_.violations()) {
      result.failures.push_back({violation.at, std::string(violation.invariant), violation.text});
    }
    result.hash = world_.trace().hash();
    result.records = world_.trace().count();
    result.marks = world_.trace().marks();
    result.simulated = simulated;
    result.published = history_.messages().size();
    result.delivered = history_.deliveries();
    result.connections = history_.conns().size();
    result.subscriptions = history_.subs().size();
    if (result.failures.empty()) return result;
    result.last_records = world_.trace().Tail(200);
    result.server_state = world_.Describe(server_);
    for (const LogLine& line : world_.log(server_)) result.server_log += line.text + "\n";
    return result;
  }

  const Plan plan_;
  World world_;
  const NodeId server_;
  History history_;
  Stage stage_;
  std::vector<std::unique_ptr<Actor>> actors_;
};

}  // namespace

bool IsTight(const Plan& plan) {
  const ServerPlan& server = plan.server;
  // What a direction carries is its buffer once a round trip; less than this fills up under the
  // load that plans make.
  constexpr int64_t kBytesPerSecond = 20'000'000;
  const int64_t buffer =
      static_cast<int64_t>(std::min(plan.link.to_client_bytes_max, plan.link.to_server_bytes_max));
  const int64_t round_trip = 2 * plan.link.latency_max.ns + Micros(100).ns;
  const bool thin = buffer * (Seconds(1).ns / 1000) / (round_trip / 1000) < kBytesPerSecond;
  return thin || server.max_pending < 8 * 1024 * 1024 || server.write_deadline < Seconds(2) ||
         server.max_connections < static_cast<int64_t>(plan.clients.size()) * 4 ||
         server.max_subscriptions > 0;
}

RunResult RunPlan(const Plan& plan, TraceSink* sink) {
  knobs_are_tiny = plan.tiny_knobs;
  RunResult result = Run(plan, sink).Go();
  knobs_are_tiny = false;
  return result;
}

}  // namespace dunlin::sim
