// What a simulated process does with the effects of its engine; the rest of Node is in node.cc.
#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/check.h"
#include "net/crypt/bcrypt.h"
#include "sim/node.h"

namespace dunlin::sim {
namespace {

constexpr int kFirstEphemeralPort = 61'000;

TraceKind KindOf(Event::Kind kind) {
  return static_cast<TraceKind>(static_cast<int>(TraceKind::kTick) + static_cast<int>(kind));
}

TraceKind KindOf(Effect::Kind kind) {
  return static_cast<TraceKind>(static_cast<int>(TraceKind::kWrite) + static_cast<int>(kind));
}

static_assert(static_cast<int>(TraceKind::kMonitorRequest) ==
              static_cast<int>(Event::Kind::kMonitorRequest));
static_assert(static_cast<int>(TraceKind::kExit) - static_cast<int>(TraceKind::kWrite) ==
              static_cast<int>(Effect::Kind::kExit));

uint64_t Word(ConnId conn) { return (static_cast<uint64_t>(conn.generation) << 32) | conn.slot; }

}  // namespace

void Node::TraceEvent(const Event& event) {
  const std::string_view bytes{reinterpret_cast<const char*>(event.data),
                               event.data == nullptr ? 0 : event.size};
  const uint64_t detail = event.size ^ (static_cast<uint64_t>(event.blocked) << 56) ^
                          (static_cast<uint64_t>(event.end) << 57) ^
                          (static_cast<uint64_t>(event.command) << 59) ^
                          (static_cast<uint64_t>(event.yes) << 62) ^ event.ticket.value;
  kernel_.trace.Add(kernel_.now, KindOf(event.kind), id_.value, Word(event.conn), detail,
                    event.data != nullptr ? bytes : event.text);
}

void Node::TraceEffect(const Effect& effect) {
  kernel_.trace.Add(kernel_.now, KindOf(effect.kind), id_.value, Word(effect.conn),
                    (static_cast<uint64_t>(effect.level) << 56) ^
                        static_cast<uint64_t>(static_cast<uint32_t>(effect.status)) ^
                        (effect.ticket.value << 16),
                    outbox_.Text(effect));
}

Node::Slot* Node::Find(ConnId conn) {
  if (conn.slot >= slots_.size()) return nullptr;
  Slot& slot = slots_[conn.slot];
  return slot.open && slot.generation == conn.generation ? &slot : nullptr;
}

void Node::CarryOut(const Effect& effect) {
  switch (effect.kind) {
    case Effect::Kind::kWrite: CarryOutWrite(effect); break;
    case Effect::Kind::kPauseReads:
      if (Slot* slot = Find(effect.conn)) slot->reads_paused = true;
      break;
    case Effect::Kind::kResumeReads:
      if (Slot* slot = Find(effect.conn)) {
        slot->reads_paused = false;
        Queue(effect.conn.slot);
      }
      break;
    case Effect::Kind::kClose: CarryOutClose(effect); break;
    case Effect::Kind::kListen: CarryOutListen(effect); break;
    case Effect::Kind::kStopListening: {
      ListenerOf(effect.listener).open = false;
      if (effect.listener == ListenerKind::kClient) {
        for (const uint32_t connection : incoming_) network_.Refuse(connection);
        incoming_.clear();
      }
      break;
    }
    case Effect::Kind::kLog: CarryOutLog(effect); break;
    case Effect::Kind::kReopenLog: break;
    case Effect::Kind::kCompute: CarryOutCompute(effect); break;
    case Effect::Kind::kMonitorReply: CarryOutReply(effect); break;
    case Effect::Kind::kExit:
      exit_code_ = effect.status;
      TearDown();
      state_ = NodeState::kExited;
      break;
  }
}

void Node::CarryOutListen(const Effect& effect) {
  Listener& listener = ListenerOf(effect.listener);
  const std::string_view host = outbox_.Text(effect);
  int port = static_cast<int>(effect.port);
  if (port <= 0) {
    port =
        kFirstEphemeralPort + static_cast<int>(id_.value) * 2 + static_cast<int>(effect.listener);
  }
  std::string error = std::exchange(listener.next_error, {});
  if (effect.port < -1 || effect.port > UINT16_MAX) {
    error = "listen tcp: address " + std::to_string(effect.port) + ": invalid port";
  }
  for (const Listener& other : listeners_) {
    if (other.open && other.port == port) error = "bind: address already in use";
  }
  const bool works = error.empty();
  if (works) {
    listener.open = true;
    listener.port = port;
  }
  texts_.push_back(works ? std::string(host) : std::move(error));
  Event& event = AddEvent(&waiting_, works ? Event::Kind::kListening : Event::Kind::kListenFailed);
  event.listener = effect.listener;
  event.port = port;
  event.text = texts_.back();
}

void Node::CarryOutWrite(const Effect& effect) {
  Slot* slot = Find(effect.conn);
  if (slot == nullptr) return;  // Late.
  if (slot->blocked) {
    kernel_.Fail("driver-contract", "kWrite for a connection that is blocked");
    return;
  }
  WriteOut(effect.conn.slot, &follow_up_);
}

void Node::WriteSlice(uint32_t index, const IoSlice& slice, size_t size) {
  if (size == 0) return;
  kernel_.trace.Add(kernel_.now, TraceKind::kWrite, id_.value, Word(IdOf(index)), size,
                    {reinterpret_cast<const char*>(slice.data), size});
  network_.Write(slots_[index].connection, slice.data, size);
}

void Node::WriteOut(uint32_t index, std::vector<Event>* events) {
  Slot& slot = slots_[index];
  std::array<IoSlice, 64> slices;
  const size_t most = jitter() ? 1 + rng_.Below(slices.size()) : slices.size();
  const size_t count = server_->GatherOutput(IdOf(index), std::span(slices).first(most));
  size_t offered = 0;
  for (size_t i = 0; i < count; ++i) offered += slices[i].size;
  const size_t room = network_.Room(slot.connection);
  const bool full = room < offered;
  size_t taken = std::min(room, offered);
  // A socket may take less than it has room for; that alone does not block it.
  if (jitter() && !full && taken > 1 && rng_.Chance(1, 8)) taken = 1 + rng_.Below(taken);
  size_t left = taken;
  for (size_t i = 0; i < count && left > 0; ++i) {
    const size_t size = std::min(left, slices[i].size);
    WriteSlice(index, slices[i], size);
    left -= size;
  }
  if (full && (!slot.blocked || taken > 0)) slot.blocked_since = kernel_.now;
  slot.blocked = full;
  if (full) network_.WaitForRoom(slot.connection);
  // The engine may be told in several pieces.
  size_t first = taken;
  if (jitter() && taken > 1 && rng_.Chance(1, 4)) first = 1 + rng_.Below(taken - 1);
  if (first < taken) AddEvent(events, Event::Kind::kWritten, IdOf(index)).size = first;
  Event& event = AddEvent(events, Event::Kind::kWritten, IdOf(index));
  event.size = first < taken ? taken - first : taken;
  event.blocked = full;
}

void Node::CarryOutClose(const Effect& effect) {
  const Slot* slot = Find(effect.conn);
  if (slot == nullptr) return;  // Late.
  if (!slot->blocked) {
    std::vector<IoSlice> slices(1024);
    slices.resize(server_->GatherOutput(effect.conn, slices));
    for (const IoSlice& slice : slices) {
      WriteSlice(effect.conn.slot, slice, std::min(slice.size, network_.Room(slot->connection)));
    }
  }
  AddClosed(effect.conn.slot, TransportEnd::kClosedByUs, "", &follow_up_);
}

void Node::CarryOutLog(const Effect& effect) {
  if (log_.size() >= kernel_.options.log_lines_max) {
    log_.erase(log_.begin(), log_.begin() + static_cast<ptrdiff_t>(log_.size() / 2));
  }
  log_.push_back({kernel_.now, effect.level, std::string(outbox_.Text(effect))});
}

void Node::CarryOutCompute(const Effect& effect) {
  const auto [hash, password] = outbox_.Arguments(effect);
  computations_.push_back({life_, effect.ticket, crypt::BcryptMatches(hash, password)});
  // Answers may overtake each other.
  const Duration latency = jitter() ? Duration{rng_.Between(1'000, 50'000'000)} : Millis(50);
  kernel_.queue.Add(kernel_.now + latency, HappeningKind::kComputed, id_.value,
                    computations_.size() - 1);
}

void Node::CarryOutReply(const Effect& effect) {
  const auto it =
      std::find_if(pending_requests_.begin(), pending_requests_.end(),
                   [&](const Pending& pending) { return pending.ticket == effect.ticket.value; });
  if (it == pending_requests_.end() || effect.first != (it->answer.status == 0)) {
    kernel_.Fail("driver-contract", "a part of a monitoring reply that is not expected");
    return;
  }
  if (effect.first) {
    it->answer.status = effect.status;
    it->answer.content_type = effect.content_type;
  }
  it->answer.body += outbox_.Text(effect);
  if (!effect.last) return;
  answers_.push_back({it->request, std::move(it->answer)});
  pending_requests_.erase(it);
}

}  // namespace dunlin::sim
