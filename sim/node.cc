#include "sim/node.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace dunlin::sim {
namespace {

constexpr uint32_t kNoSlot = UINT32_MAX;
constexpr Duration kSchedulingDelay = Micros(1);

}  // namespace

Node::Node(Kernel& kernel, Network& network, NodeId id, std::string name, config::Options options)
    : kernel_(kernel),
      network_(network),
      id_(id),
      name_(std::move(name)),
      options_(std::move(options)),
      rng_(kernel.root.Fork("node.sched", id.value)),
      clock_(kernel.now, WallTime{kernel.options.wall_at_start.ns + kernel.now.ns}) {}

// ---- The operator's side.

void Node::Start() {
  CHECK(state_ != NodeState::kRunning);
  kernel_.trace.Add(kernel_.now, TraceKind::kNodeStart, id_.value, static_cast<uint64_t>(life_), 0);
  const Rng boot = kernel_.root.Fork(
      "node.boot", (static_cast<uint64_t>(id_.value) << 32) | static_cast<uint32_t>(life_));
  ++life_;
  state_ = NodeState::kRunning;
  exit_code_ = 0;
  booted_ = false;
  paused_until_ = Instant{};
  deadline_scheduled_ = kNever;
  wake_scheduled_ = false;
  server_ = std::make_unique<Server>(options_, Boot{.seed = Rng(boot).Next(), .pid = 1000 + life_});
  WakeSoon();
}

void Node::Kill() {
  if (state_ != NodeState::kRunning) return;
  kernel_.trace.Add(kernel_.now, TraceKind::kNodeKill, id_.value, 0, 0);
  TearDown();
  state_ = NodeState::kDown;
}

// The process is gone: its system closes what it had open.
void Node::TearDown() {
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.open) network_.CloseAtServer(slot.connection);
  }
  for (const uint32_t connection : incoming_) network_.Refuse(connection);
  for (const Pending& pending : pending_requests_) answers_.push_back({pending.request, {}});
  for (Listener& listener : listeners_) listener = {};
  slots_.clear();
  free_slots_.clear();
  ended_slots_.clear();
  slot_of_connection_.clear();
  incoming_.clear();
  ready_.clear();
  waiting_.clear();
  batch_.clear();
  follow_up_.clear();
  texts_.clear();
  pending_requests_.clear();
  open_ = 0;
  outbox_.Clear();
  arena_.Poison();
  server_.reset();
}

void Node::Signal(Command command) {
  if (state_ != NodeState::kRunning) return;
  AddEvent(&waiting_, Event::Kind::kCommand).command = command;
  WakeSoon();
}

void Node::Pause(Duration length) {
  if (state_ != NodeState::kRunning) return;
  kernel_.trace.Add(kernel_.now, TraceKind::kFault, id_.value, 4, static_cast<uint64_t>(length.ns));
  paused_until_ = std::max(paused_until_, kernel_.now + length);
}

void Node::FailNextListen(ListenerKind listener, std::string error) {
  ListenerOf(listener).next_error = std::move(error);
}

void Node::RequestMonitor(MonitorId request, std::string target) {
  if (state_ != NodeState::kRunning || !ListenerOf(ListenerKind::kMonitor).open) {
    answers_.push_back({request, {}});
    return;
  }
  static constexpr ProcessUsage kUsage{
      .resident_bytes = 32 * 1024 * 1024, .cpu_percent = 1.5, .cores = 2, .max_procs = 2};
  pending_requests_.push_back({request, ++tickets_, {}});
  texts_.push_back(std::move(target));
  Event& event = AddEvent(&waiting_, Event::Kind::kMonitorRequest);
  event.ticket = {tickets_};
  event.text = texts_.back();
  event.usage = &kUsage;
  WakeSoon();
}

void Node::SetSkew(int64_t ppm) {
  clock_.SetSkew(kernel_.now, ppm);
  deadline_scheduled_ = kNever;
  if (booted_ && state_ == NodeState::kRunning) ScheduleDeadline();
}

std::optional<int> Node::port(ListenerKind listener) const {
  const Listener& l = listeners_[static_cast<size_t>(listener)];
  return l.open ? std::optional<int>(l.port) : std::nullopt;
}

OutputState Node::output() const {
  OutputState state;
  std::vector<IoSlice> slices(4096);
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].open) continue;
    size_t bytes = 0;
    const size_t count = server_->GatherOutput(IdOf(i), slices);
    for (size_t s = 0; s < count; ++s) bytes += slices[s].size;
    state.bytes_max = std::max(state.bytes_max, bytes);
    if (slots_[i].blocked) {
      state.blocked_max = std::max(state.blocked_max, kernel_.now - slots_[i].blocked_since);
    }
  }
  return state;
}

std::string Node::Describe() const {
  return server_ == nullptr ? name_ + ": not running\n" : server_->Describe();
}

void Node::CheckInvariants() const {
  if (server_ != nullptr && booted_) server_->CheckInvariants();
}

// ---- ServerDoor: take note, and wake up.

bool Node::Accepts() const {
  constexpr size_t kBacklogMax = 1024;
  return listeners_[static_cast<size_t>(ListenerKind::kClient)].open &&
         incoming_.size() < kBacklogMax;
}

void Node::OnIncoming(uint32_t connection) {
  incoming_.push_back(connection);
  WakeSoon();
}

void Node::OnReadable(uint32_t connection) {
  if (connection < slot_of_connection_.size() && slot_of_connection_[connection] != kNoSlot) {
    Queue(slot_of_connection_[connection]);
  }
}

void Node::OnWritable(uint32_t connection) {
  if (connection >= slot_of_connection_.size()) return;
  const uint32_t slot = slot_of_connection_[connection];
  if (slot == kNoSlot) return;
  slots_[slot].writable = true;
  Queue(slot);
}

void Node::Queue(uint32_t slot) {
  if (!slots_[slot].queued) {
    slots_[slot].queued = true;
    ready_.push_back(slot);
  }
  WakeSoon();
}

// ---- When the process runs.

void Node::WakeSoon() {
  if (wake_scheduled_) return;
  wake_scheduled_ = true;
  Duration delay = kSchedulingDelay;
  if (jitter()) {
    // Mostly at once; now and then the machine is busy with something else.
    delay = rng_.Chance(1, 64) ? Duration{rng_.Between(1'000, 20'000'000)}
                               : Duration{rng_.Between(1'000, 100'000)};
  }
  kernel_.queue.Add(kernel_.now + delay, HappeningKind::kWake, id_.value,
                    static_cast<uint64_t>(life_));
}

void Node::OnWake(uint64_t life) {
  if (state_ != NodeState::kRunning || life != static_cast<uint64_t>(life_)) return;
  if (kernel_.now < paused_until_) {
    kernel_.queue.AddTimer(paused_until_, HappeningKind::kWake, id_.value, life);
    return;
  }
  wake_scheduled_ = false;
  Run();
}

void Node::OnDeadline(uint64_t life) {
  if (state_ != NodeState::kRunning || life != static_cast<uint64_t>(life_)) return;
  if (kernel_.now < paused_until_) {
    kernel_.queue.AddTimer(paused_until_, HappeningKind::kDeadline, id_.value, life);
    return;
  }
  if (kernel_.now < deadline_scheduled_) return;  // Overtaken by another one.
  deadline_scheduled_ = kNever;
  if (server_->NextDeadline() <= ReadClock().mono) {
    Run();
  } else {
    ScheduleDeadline();
  }
}

void Node::OnComputed(uint64_t computation) {
  const Computation& computed = computations_[computation];
  if (state_ != NodeState::kRunning || computed.life != life_) return;
  Event& event = AddEvent(&waiting_, Event::Kind::kComputed);
  event.ticket = computed.ticket;
  event.yes = computed.yes;
  WakeSoon();
}

void Node::ScheduleDeadline() {
  const Instant deadline = server_->NextDeadline();
  if (deadline == kNever) return;
  if (deadline < step_now_.mono) kernel_.Fail("driver-contract", "a deadline before the last step");
  if (deadline <= ReadClock().mono) {
    WakeSoon();
    return;
  }
  Instant at = clock_.WorldTimeOf(deadline);
  if (jitter() && rng_.Chance(1, 4)) {
    at = at + Duration{Millis(200).ns >> rng_.Below(17)};  // Late, never early.
  }
  if (at >= deadline_scheduled_) return;
  deadline_scheduled_ = at;
  kernel_.queue.AddTimer(at, HappeningKind::kDeadline, id_.value, static_cast<uint64_t>(life_));
}

// ---- One turn of the driver's loop.

Event& Node::AddEvent(std::vector<Event>* to, Event::Kind kind, ConnId conn) {
  Event& event = to->emplace_back();
  event.kind = kind;
  event.conn = conn;
  return event;
}

void Node::Run() {
  step_now_ = ReadClock();
  batch_.clear();
  if (!booted_ || server_->NextDeadline() <= step_now_.mono) {
    AddEvent(&batch_, Event::Kind::kTick);
  }
  booted_ = true;
  batch_.insert(batch_.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
  if (jitter() && rng_.Chance(1, 2)) {
    CollectIncoming();
    CollectReady();
  } else {
    CollectReady();
    CollectIncoming();
  }
  StepAndCarryOut();
  if (state_ != NodeState::kRunning) return;
  if (!ready_.empty() || !incoming_.empty() || !waiting_.empty()) WakeSoon();
  ScheduleDeadline();
}

void Node::CollectIncoming() {
  size_t accepts = jitter() ? 1 + rng_.Below(8) : 64;
  for (; accepts > 0 && !incoming_.empty(); --accepts) {
    const uint32_t connection = incoming_.front();
    incoming_.pop_front();
    if (network_.GoneBeforeAccept(connection)) continue;
    network_.Accept(connection);
    uint32_t slot;
    if (free_slots_.empty()) {
      slot = static_cast<uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      slot = free_slots_.back();
      free_slots_.pop_back();
    }
    const uint32_t generation = slots_[slot].generation;
    slots_[slot] = {.generation = generation, .connection = connection, .open = true};
    if (slot_of_connection_.size() <= connection)
      slot_of_connection_.resize(connection + 1, kNoSlot);
    slot_of_connection_[connection] = slot;
    ++open_;
    Event& event = AddEvent(&batch_, Event::Kind::kOpened, IdOf(slot));
    event.listener = ListenerKind::kClient;
    event.text = network_.peer_address(connection);
    event.port = network_.peer_port(connection);
    // What the client sent meanwhile is read in a later turn.
    slots_[slot].queued = true;
    ready_.push_back(slot);
  }
}

void Node::CollectReady() {
  std::vector<uint32_t> turn;
  turn.swap(ready_);
  if (jitter()) {
    for (size_t i = turn.size(); i > 1; --i) std::swap(turn[i - 1], turn[rng_.Below(i)]);
  }
  const size_t most = jitter() ? 1 + rng_.Below(32) : 256;
  for (size_t i = 0; i < turn.size(); ++i) {
    if (i >= most) {
      ready_.push_back(turn[i]);
      continue;
    }
    slots_[turn[i]].queued = false;
    CollectSlot(turn[i]);
  }
}

void Node::CollectSlot(uint32_t index) {
  Slot& slot = slots_[index];
  if (!slot.open) return;
  if (slot.writable && slot.blocked) WriteOut(index, &batch_);
  slot.writable = false;
  if (network_.IsReset(slot.connection)) {
    // What arrived before the reset may still be read, or not.
    if (!slot.reads_paused && jitter() && rng_.Chance(1, 2)) CollectBytes(index);
    AddClosed(index, TransportEnd::kReadError, "connection reset by peer", &batch_);
    return;
  }
  if (slot.reads_paused) return;
  CollectBytes(index);
  if (network_.AtEnd(slot.connection)) {
    slot.reads_paused = true;  // For good: the engine resumes nobody who has ended.
    AddEvent(&batch_, Event::Kind::kEnded, IdOf(index));
  } else if (!network_.Arrived(slot.connection).empty()) {
    Queue(index);
  }
}

void Node::CollectBytes(uint32_t index) {
  constexpr size_t kReadBytes = 64 * 1024;
  const uint32_t connection = slots_[index].connection;
  std::string_view bytes = network_.Arrived(connection).substr(0, kReadBytes);
  if (bytes.empty()) return;
  size_t headroom = server_->Headroom(IdOf(index));
  if (jitter()) {
    if (rng_.Chance(1, 4)) bytes = bytes.substr(0, 1 + rng_.Below(bytes.size()));
    if (rng_.Chance(1, 4)) headroom = rng_.Below(headroom + 1);
  }
  uint8_t* data = arena_.Place(bytes, headroom);
  Event& event = AddEvent(&batch_, Event::Kind::kBytes, IdOf(index));
  event.data = data;
  event.size = bytes.size();
  event.headroom = headroom;
  network_.Read(connection, bytes.size());
}

void Node::AddClosed(uint32_t index, TransportEnd end, std::string_view text,
                     std::vector<Event>* events) {
  Slot& slot = slots_[index];
  network_.CloseAtServer(slot.connection);
  slot_of_connection_[slot.connection] = kNoSlot;
  slot.open = false;
  --open_;
  ended_slots_.push_back(index);
  Event& event = AddEvent(events, Event::Kind::kClosed, IdOf(index));
  event.end = end;
  event.text = text;
}

void Node::FreeEndedSlots() {
  for (const uint32_t index : ended_slots_) {
    ++slots_[index].generation;
    free_slots_.push_back(index);
  }
  ended_slots_.clear();
}

void Node::StepAndCarryOut() {
  constexpr int kRoundsMax = 10'000;
  StepOnce(batch_);
  for (int round = 0; !outbox_.empty(); ++round) {
    if (round == kRoundsMax) {
      kernel_.Fail("driver-contract", "effects without end");
      break;
    }
    follow_up_.clear();
    for (const Effect& effect : outbox_.effects()) {
      TraceEffect(effect);
      CarryOut(effect);
      if (state_ != NodeState::kRunning) return;  // kExit: nothing follows.
    }
    outbox_.Clear();
    if (follow_up_.empty()) break;
    StepOnce(follow_up_);
  }
  if (!arena_.BordersIntact()) kernel_.Fail("driver-contract", "wrote outside of a kBytes buffer");
  arena_.Poison();
  if (waiting_.empty()) texts_.clear();
}

void Node::StepOnce(const std::vector<Event>& batch) {
  for (const Event& event : batch) TraceEvent(event);
  server_->Step(step_now_, batch, outbox_);
  FreeEndedSlots();
  ++steps_;
  const uint32_t one_in = kernel_.options.check_invariants_one_in;
  if (one_in > 0 && steps_ % one_in == 0) server_->CheckInvariants();
}

}  // namespace dunlin::sim
