// How a seed becomes a plan: a swarm. Most runs switch off a random half of the faults and
// features, so that each run is extreme in its own way; one in five is calm, to find plain mistakes
// of logic.
#include <algorithm>
#include <array>

#include "engine/base/rng.h"
#include "sim/plan/plan.h"

namespace dunlin::sim {
namespace {

// From 'low' to 'high', small values as likely as large ones.
int64_t Magnitude(Rng& rng, int64_t low, int64_t high) {
  int64_t top = low;
  while (top < high && rng.Chance(2, 3)) top = std::min(high, top * 2 + 1);
  return rng.Between(low, top);
}

Duration Between(Rng& rng, Duration low, Duration high) { return {rng.Between(low.ns, high.ns)}; }

// Whole milliseconds: easier on the eye.
Duration MillisBetween(Rng& rng, int64_t low, int64_t high) {
  return Millis(rng.Between(low, high));
}

LinkOptions ExpandLink(Rng rng) {
  LinkOptions link;
  link.latency_min = Micros(rng.Between(10, 500));
  link.latency_max = link.latency_min;
  if (rng.Chance(1, 2)) link.latency_max = link.latency_min + Micros(rng.Between(0, 5'000));
  if (rng.Chance(1, 8)) link.latency_max = link.latency_min + Millis(rng.Between(0, 100));
  link.chop = static_cast<Chop>(rng.Below(3));
  if (rng.Chance(1, 2))
    link.to_server_bytes_max = static_cast<size_t>(Magnitude(rng, 1024, 256 * 1024));
  if (rng.Chance(1, 2))
    link.to_client_bytes_max = static_cast<size_t>(Magnitude(rng, 1024, 256 * 1024));
  if (rng.Chance(1, 12)) {
    // So narrow that nothing passes whole; short enough that it passes at all.
    link.latency_min = link.latency_max = Micros(rng.Between(5, 50));
    (rng.Chance(1, 2) ? link.to_server_bytes_max : link.to_client_bytes_max) =
        static_cast<size_t>(rng.Between(1, 64));
  }
  if (rng.Chance(1, 4)) link.accept_delay_max = MillisBetween(rng, 1, 200);
  return link;
}

ServerPlan ExpandServer(Rng rng) {
  ServerPlan server;
  if (rng.Chance(1, 2)) server.ping_interval = MillisBetween(rng, 1'000, 30'000);
  if (rng.Chance(1, 2)) server.ping_max = rng.Between(1, 4);
  if (rng.Chance(1, 8)) server.write_deadline = MillisBetween(rng, 200, 5'000);
  if (rng.Chance(1, 4)) server.auth_timeout = MillisBetween(rng, 1'000, 5'000);
  if (rng.Chance(1, 2)) server.max_payload = Magnitude(rng, 64, 64 * 1024);
  if (rng.Chance(1, 5)) server.max_pending = Magnitude(rng, 2 * 1024, 512 * 1024);
  if (rng.Chance(1, 4)) server.max_control_line = rng.Between(512, 2048);
  if (rng.Chance(1, 10)) server.max_connections = rng.Between(2, 6);
  if (rng.Chance(1, 10)) server.max_subscriptions = rng.Between(2, 8);
  server.lame_duck_duration = MillisBetween(rng, 1'000, 8'000);
  server.lame_duck_grace_period = MillisBetween(rng, 100, 900);
  server.sublist_cache = !rng.Chance(1, 4);
  server.stall_fast_producers = !rng.Chance(1, 4);
  server.debug_and_trace = rng.Chance(1, 8);
  server.password = rng.Chance(1, 6);
  server.hashed_password = server.password && rng.Chance(1, 2);
  return server;
}

ClientPlan ExpandClient(Rng rng, int64_t id, const ServerPlan& server, bool calm) {
  ClientPlan client;
  client.id = id;
  client.start = MillisBetween(rng, 0, 2'000);
  client.verbose = rng.Chance(1, 5);
  client.pedantic = rng.Chance(1, 5);
  client.echo = !rng.Chance(1, 4);
  client.headers = !rng.Chance(1, 5);
  client.no_responders = client.headers && rng.Chance(1, 2);
  // Weights: each likes something else, and may not do some things at all.
  for (int64_t* weight :
       {&client.publish, &client.request, &client.subscribe, &client.unsubscribe}) {
    *weight = rng.Chance(3, 4) ? rng.Between(1, 100) : 0;
  }
  if (client.publish + client.request + client.subscribe == 0) client.publish = 1;
  if (client.unsubscribe > client.subscribe) client.unsubscribe = client.subscribe;
  if (!calm && rng.Chance(1, 4)) client.leave = rng.Between(1, 10);
  if (!calm && rng.Chance(1, 6)) client.rude = rng.Between(1, 10);
  client.respond_percent = rng.Chance(1, 2) ? rng.Between(1, 100) : 0;
  client.queue_percent = rng.Chance(1, 2) ? rng.Between(1, 100) : 0;
  client.wildcard_percent = rng.Between(0, 60);
  client.max_percent = rng.Chance(1, 2) ? rng.Between(1, 80) : 0;
  client.sloppy_percent = rng.Chance(1, 4) ? rng.Between(1, 50) : 0;
  client.headers_percent = client.headers ? rng.Between(0, 50) : 0;
  client.subs_max = Magnitude(rng, 1, 60);
  client.burst_max = Magnitude(rng, 1, 60);
  client.payload_max = std::min(Magnitude(rng, 0, 16 * 1024), server.max_payload - 64);
  client.payload_max = std::max<int64_t>(client.payload_max, 0);
  client.pause_max = MillisBetween(rng, 20, 600);
  return client;
}

FaultPlan ExpandFault(Rng rng, FaultKind kind, const Plan& plan) {
  FaultPlan fault;
  fault.kind = kind;
  fault.at = MillisBetween(rng, 500, plan.length.ns / Millis(1).ns);
  const auto any_client = [&] { fault.client = plan.clients[rng.Below(plan.clients.size())].id; };
  switch (kind) {
    case FaultKind::kReset:
      any_client();
      fault.detail = rng.Between(0, 2);
      break;
    case FaultKind::kVanish: any_client(); break;
    case FaultKind::kStall:
    case FaultKind::kMute:
      any_client();
      fault.length = MillisBetween(rng, 10, rng.Chance(1, 2) ? 1'000 : 15'000);
      break;
    case FaultKind::kPace:
      any_client();
      fault.length = MillisBetween(rng, 100, 10'000);
      fault.detail = Magnitude(rng, 1, 4096);
      break;
    case FaultKind::kClogIn:
    case FaultKind::kClogOut:
      any_client();
      fault.length = MillisBetween(rng, 10, rng.Chance(1, 2) ? 500 : 5'000);
      break;
    case FaultKind::kStorm:
    case FaultKind::kReopenLog: break;
    case FaultKind::kPause: fault.length = MillisBetween(rng, 10, 4'000); break;
    case FaultKind::kKill:
    case FaultKind::kStop: fault.length = MillisBetween(rng, 10, 3'000); break;
    case FaultKind::kLameDuck: fault.length = MillisBetween(rng, 1'000, 15'000); break;
    case FaultKind::kSkew: fault.detail = rng.Between(-500, 500); break;
    case FaultKind::kWallJump: fault.length = Seconds(rng.Between(-3600, 3600)); break;
  }
  return fault;
}

}  // namespace

Plan ExpandPlan(uint64_t seed) {
  const Rng root(seed);
  Rng rng = root.Fork("plan");
  Plan plan;
  plan.seed = seed;
  const bool calm = rng.Chance(1, 5);
  plan.length = Between(rng, Seconds(5), Seconds(40));
  plan.length = Seconds(plan.length.ns / Seconds(1).ns);
  plan.jitter = !rng.Chance(1, 5);
  plan.check_invariants_one_in = rng.Chance(1, 3) ? 1 : 0;
  plan.tiny_knobs = rng.Chance(1, 2);
  plan.tokens = rng.Between(1, 5);
  plan.depth_max = rng.Between(1, 4);
  plan.queues = rng.Between(1, 3);
  plan.link = calm ? LinkOptions{} : ExpandLink(root.Fork("plan.link"));
  plan.server = calm && rng.Chance(1, 2) ? ServerPlan{} : ExpandServer(root.Fork("plan.server"));

  const int64_t clients = rng.Between(2, rng.Chance(1, 4) ? 16 : 6);
  for (int64_t id = 0; id < clients; ++id) {
    plan.clients.push_back(
        ExpandClient(root.Fork("plan.client", static_cast<uint64_t>(id)), id, plan.server, calm));
  }
  if (calm) return plan;

  constexpr size_t kKinds = static_cast<size_t>(FaultKind::kReopenLog) + 1;
  std::array<bool, kKinds> allowed;
  for (bool& one : allowed) one = rng.Chance(1, 2);
  const uint64_t faults = rng.Below(12);
  for (uint64_t i = 0; i < faults; ++i) {
    const auto kind = static_cast<FaultKind>(rng.Below(kKinds));
    if (allowed[static_cast<size_t>(kind)]) {
      plan.faults.push_back(ExpandFault(root.Fork("plan.fault", i), kind, plan));
    }
  }
  std::stable_sort(plan.faults.begin(), plan.faults.end(),
                   [](const FaultPlan& a, const FaultPlan& b) { return a.at < b.at; });
  return plan;
}

}  // namespace dunlin::sim
