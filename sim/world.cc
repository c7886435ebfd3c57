#include "sim/world.h"

#include <deque>
#include <utility>

#include "engine/base/check.h"
#include "sim/kernel.h"
#include "sim/network.h"
#include "sim/node.h"

namespace dunlin::sim {

class World::Impl {
 public:
  explicit Impl(Options options) : kernel(options), network(kernel) {}

  Node& At(NodeId id) {
    CHECK(id.value < nodes.size());
    return *nodes[id.value];
  }
  void CarryOut(const Happening& happening);
  void FetchAnswers();

  Kernel kernel;
  Network network;
  std::vector<std::unique_ptr<Node>> nodes;

  struct PendingAlarm {
    AlarmTarget* target = nullptr;
    uint64_t cookie = 0;
  };
  std::vector<PendingAlarm> alarms;
  std::vector<uint32_t> free_alarms;

  std::deque<std::optional<MonitorAnswer>> answers;  // By MonitorId; addresses are handed out.
};

void World::Impl::CarryOut(const Happening& happening) {
  switch (happening.kind) {
    case HappeningKind::kArrive:
      network.OnArrive(happening.who, static_cast<Direction>(happening.what));
      break;
    case HappeningKind::kRoom:
      network.OnRoom(happening.who, static_cast<Direction>(happening.what));
      break;
    case HappeningKind::kConnect: network.OnConnect(happening.who); break;
    case HappeningKind::kPacedRead: network.OnPacedRead(happening.who); break;
    case HappeningKind::kWake: nodes[happening.who]->OnWake(happening.what); break;
    case HappeningKind::kDeadline: nodes[happening.who]->OnDeadline(happening.what); break;
    case HappeningKind::kComputed: nodes[happening.who]->OnComputed(happening.what); break;
    case HappeningKind::kAlarm: {
      const PendingAlarm alarm = alarms[happening.who];
      free_alarms.push_back(happening.who);
      alarm.target->OnAlarm(alarm.cookie);
      break;
    }
  }
}

void World::Impl::FetchAnswers() {
  for (const auto& node : nodes) {
    for (Node::Answer& answer : node->TakeAnswers()) {
      answers[answer.request.value] = std::move(answer.answer);
    }
  }
}

World::World(Options options) : impl_(std::make_unique<Impl>(options)) {}
World::~World() = default;

// ---- Time.

Instant World::now() const { return impl_->kernel.now; }

bool World::Step(Instant limit) {
  Kernel& kernel = impl_->kernel;
  if (kernel.queue.empty() || kernel.queue.next_at() > limit) {
    if (kernel.now < limit) kernel.now = limit;
    return false;
  }
  const Happening happening = kernel.queue.Take();
  CHECK(happening.at >= kernel.now);
  kernel.now = happening.at;
  impl_->CarryOut(happening);
  return true;
}

void World::RunUntil(Instant at) {
  while (Step(at)) {
  }
}

bool World::RunUntilIdle(Duration limit) {
  Kernel& kernel = impl_->kernel;
  const Instant end = kernel.now + limit;
  while (kernel.queue.active() > 0) {
    if (!Step(end)) return false;
  }
  return true;
}

void World::Alarm(Instant at, AlarmTarget* target, uint64_t cookie) {
  uint32_t index;
  if (impl_->free_alarms.empty()) {
    index = static_cast<uint32_t>(impl_->alarms.size());
    impl_->alarms.emplace_back();
  } else {
    index = impl_->free_alarms.back();
    impl_->free_alarms.pop_back();
  }
  impl_->alarms[index] = {target, cookie};
  impl_->kernel.queue.AddTimer(std::max(at, now()), HappeningKind::kAlarm, index);
}

// ---- Server processes.

NodeId World::AddNode(std::string name, config::Options options) {
  const NodeId id{static_cast<uint32_t>(impl_->nodes.size())};
  impl_->nodes.push_back(std::make_unique<Node>(impl_->kernel, impl_->network, id, std::move(name),
                                                std::move(options)));
  impl_->network.AddDoor(impl_->nodes.back().get());
  return id;
}

void World::Start(NodeId node) { impl_->At(node).Start(); }
void World::SetOptions(NodeId node, config::Options options) {
  impl_->At(node).SetOptions(std::move(options));
}
void World::Kill(NodeId node) { impl_->At(node).Kill(); }
void World::Signal(NodeId node, Command command) { impl_->At(node).Signal(command); }
void World::Pause(NodeId node, Duration length) { impl_->At(node).Pause(length); }
void World::FailNextListen(NodeId node, ListenerKind listener, std::string error) {
  impl_->At(node).FailNextListen(listener, std::move(error));
}
NodeState World::state(NodeId node) const { return impl_->At(node).state(); }
int World::exit_code(NodeId node) const { return impl_->At(node).exit_code(); }
int World::starts(NodeId node) const { return impl_->At(node).starts(); }
const std::string& World::name(NodeId node) const { return impl_->At(node).name(); }
std::optional<int> World::port(NodeId node, ListenerKind listener) const {
  return impl_->At(node).port(listener);
}
const std::vector<LogLine>& World::log(NodeId node) const { return impl_->At(node).log(); }
size_t World::open_connections(NodeId node) const { return impl_->At(node).open_connections(); }
OutputState World::output(NodeId node) const { return impl_->At(node).output(); }
std::string World::Describe(NodeId node) const { return impl_->At(node).Describe(); }
void World::CheckInvariants(NodeId node) const { impl_->At(node).CheckInvariants(); }

// ---- Clocks.

void World::SetSkew(NodeId node, int64_t parts_per_million) {
  impl_->At(node).SetSkew(parts_per_million);
}
void World::JumpWall(NodeId node, Duration by) { impl_->At(node).JumpWall(by); }
Now World::clock(NodeId node) const { return impl_->At(node).ReadClock(); }

// ---- Clients' ends of connections.

EndpointId World::Connect(NodeId node, EndpointWatcher* watcher) {
  return Connect(node, impl_->kernel.options.link, watcher);
}
EndpointId World::Connect(NodeId node, const LinkOptions& link, EndpointWatcher* watcher,
                          std::string peer_address) {
  return impl_->network.Connect(node, link, watcher, std::move(peer_address));
}
void World::Send(EndpointId endpoint, std::string_view bytes) {
  impl_->network.Send(endpoint, bytes);
}
std::string_view World::Received(EndpointId endpoint) const {
  return impl_->network.Received(endpoint);
}
void World::Consume(EndpointId endpoint, size_t bytes) { impl_->network.Consume(endpoint, bytes); }
uint64_t World::received_bytes_total(EndpointId endpoint) const {
  return impl_->network.received_total(endpoint);
}
size_t World::unsent_bytes(EndpointId endpoint) const { return impl_->network.unsent(endpoint); }
EndpointState World::endpoint_state(EndpointId endpoint) const {
  return impl_->network.state(endpoint);
}
int World::local_port(EndpointId endpoint) const { return impl_->network.local_port(endpoint); }
void World::FinishSending(EndpointId endpoint) { impl_->network.FinishSending(endpoint); }
void World::Close(EndpointId endpoint) { impl_->network.Close(endpoint); }
void World::StallReading(EndpointId endpoint) { impl_->network.StallReading(endpoint, true); }
void World::ResumeReading(EndpointId endpoint) { impl_->network.StallReading(endpoint, false); }
void World::PaceReading(EndpointId endpoint, size_t bytes, Duration every) {
  impl_->network.PaceReading(endpoint, bytes, every);
}

// ---- Faults of the network.

void World::Reset(EndpointId endpoint, ResetSide side) { impl_->network.Reset(endpoint, side); }
void World::Vanish(EndpointId endpoint) { impl_->network.Vanish(endpoint); }
void World::Clog(EndpointId endpoint, Direction direction, Instant until) {
  impl_->network.Clog(endpoint, direction, until);
}

// ---- Monitoring.

MonitorId World::RequestMonitor(NodeId node, std::string target) {
  const MonitorId id{static_cast<uint32_t>(impl_->answers.size())};
  impl_->answers.emplace_back();
  impl_->At(node).RequestMonitor(id, std::move(target));
  return id;
}

const MonitorAnswer* World::answer(MonitorId request) const {
  impl_->FetchAnswers();
  CHECK(request.value < impl_->answers.size());
  const std::optional<MonitorAnswer>& answer = impl_->answers[request.value];
  return answer.has_value() ? &*answer : nullptr;
}

// ---- What went wrong, and the record.

void World::Fail(std::string_view invariant, std::string text) {
  impl_->kernel.Fail(invariant, std::move(text));
}
const std::vector<Failure>& World::failures() const { return impl_->kernel.failures; }
Trace& World::trace() { return impl_->kernel.trace; }
const Rng& World::rng() const { return impl_->kernel.root; }

}  // namespace dunlin::sim
