#include "sim/plan/drain.h"

#include <string>

#include "sim/client/server_ops.h"

namespace dunlin::sim {
namespace {

constexpr Duration kAnswer = Seconds(2);

// The page's body; fails 'monitor' if there is none.
std::string Page(World& world, NodeId server, const std::string& path) {
  const MonitorId request = world.RequestMonitor(server, path);
  world.RunFor(kAnswer);
  const MonitorAnswer* answer = world.answer(request);
  if (answer == nullptr || answer->status != 200) {
    world.Fail("monitor",
               path + ": " + (answer == nullptr ? "no answer" : std::to_string(answer->status)));
    return {};
  }
  if (!IsWellFormedJson(answer->body))
    world.Fail("monitor", path + " is not JSON: " + answer->body);
  return answer->body;
}

void ExpectZero(World& world, const std::string& path, const std::string& body, const char* field) {
  if (body.empty()) return;
  const auto value = JsonInt(body, field);
  if (value != 0) {
    world.Fail("drain", path + " has " + field + " = " +
                            (value ? std::to_string(*value) : std::string("nothing")));
  }
}

}  // namespace

void CheckDrained(World& world, NodeId server, const ServerPlan& plan) {
  world.RunFor(plan.ping_interval * (plan.ping_max + 2) + plan.write_deadline * 2 + Seconds(30));
  if (world.open_connections(server) != 0) {
    world.Fail("drain", std::to_string(world.open_connections(server)) + " connections are open");
  }
  world.CheckInvariants(server);
  const std::string varz = Page(world, server, "/varz");
  ExpectZero(world, "/varz", varz, "connections");
  ExpectZero(world, "/varz", varz, "subscriptions");
  const std::string subsz = Page(world, server, "/subsz");
  ExpectZero(world, "/subsz", subsz, "num_subscriptions");
  const std::string connz = Page(world, server, "/connz");
  ExpectZero(world, "/connz", connz, "num_connections");

  world.Signal(server, Command::kStop);
  world.RunFor(Seconds(5));
  if (world.state(server) != NodeState::kExited)
    world.Fail("stop", "it runs on after being told to stop");
}

}  // namespace dunlin::sim
