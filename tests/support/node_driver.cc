#include "tests/support/node_driver.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"

namespace dunlin::testing {
namespace {
constexpr size_t kHeadroom = 64 << 10;
}

NodeDriver::NodeDriver(config::Options options, uint64_t seed)
    : server_(std::move(options), {.seed = seed, .pid = 1}) {
  Event tick;
  Run(tick);
}

void NodeDriver::Run(const Event& event) {
  next_.assign(1, event);
  RunUntilQuiet();
}

void NodeDriver::Step(const std::vector<Event>& batch) {
  const int64_t start = clock_ns != nullptr ? clock_ns() : 0;
  server_.Step(now_, batch, out_);
  if (clock_ns != nullptr) worst_step_ns = std::max(worst_step_ns, clock_ns() - start);
  ++steps_;
}

// Steps until nothing follows from what happened: no effects, nothing put off.
void NodeDriver::RunUntilQuiet() {
  std::vector<Event> batch;
  int idle = 0;
  while (!next_.empty() || server_.NextDeadline() <= now_.mono) {
    CHECK(++idle < 1'000'000);
    batch.swap(next_);
    next_.clear();
    out_.Clear();
    Step(batch);
    CarryOut();
    batch.clear();
    if (!next_.empty()) {
      // What was written is reported before the read memory is used again: then it is.
      batch.swap(next_);
      out_.Clear();
      Step(batch);
      CarryOut();
      batch.clear();
    }
    std::fill(arena_.begin(), arena_.end(), uint8_t{0xee});
    arena_.clear();
  }
}

void NodeDriver::CarryOut() {
  for (const Effect& effect : out_.effects()) {
    Event event;
    const auto named = conns_.find(effect.conn.slot);
    // A late effect, for one who had the slot before.
    if (effect.conn.generation != 0 && named->second.id != effect.conn) continue;
    switch (effect.kind) {
      case Effect::Kind::kWrite: WriteOut(conns_.at(effect.conn.slot)); break;
      case Effect::Kind::kPauseReads: conns_.at(effect.conn.slot).paused = true; break;
      case Effect::Kind::kResumeReads: conns_.at(effect.conn.slot).paused = false; break;
      case Effect::Kind::kClose: {
        Conn& conn = conns_.at(effect.conn.slot);
        if (!conn.blocked) WriteOut(conn);
        conn.open = false;
        event.kind = Event::Kind::kClosed;
        event.conn = conn.id;
        event.end = TransportEnd::kClosedByUs;
        next_.push_back(event);
        break;
      }
      case Effect::Kind::kListen:
        event.kind = Event::Kind::kListening;
        event.listener = effect.listener;
        event.port = effect.port > 0 ? effect.port : 4222;
        event.text = "127.0.0.1";
        next_.push_back(event);
        break;
      case Effect::Kind::kLog: log_.emplace_back(out_.Text(effect)); break;
      case Effect::Kind::kCompute: {
        const auto [first, second] = out_.Arguments(effect);
        asked_.push_back({effect.ticket, std::string(first), std::string(second)});
        break;
      }
      case Effect::Kind::kMonitorReply: page_ += out_.Text(effect); break;
      default: break;
    }
  }
  // What was written goes first, as the engine wants it.
  std::stable_partition(next_.begin(), next_.end(),
                        [](const Event& e) { return e.kind == Event::Kind::kWritten; });
}

void NodeDriver::WriteOut(Conn& conn) {
  IoSlice slices[1024];
  size_t written = 0;
  bool blocked = false;
  const size_t count = server_.GatherOutput(conn.id, slices);
  for (size_t i = 0; i < count && !blocked; ++i) {
    size_t size = slices[i].size;
    if (conn.window >= 0 && static_cast<int64_t>(size) > conn.window) {
      size = static_cast<size_t>(conn.window);
      blocked = true;
    }
    if (conn.window >= 0) conn.window -= static_cast<int64_t>(size);
    if (keep_output) conn.output.append(reinterpret_cast<const char*>(slices[i].data), size);
    bytes_out += static_cast<int64_t>(size);
    written += size;
  }
  conn.blocked = blocked;
  Event event;
  event.kind = Event::Kind::kWritten;
  event.conn = conn.id;
  event.size = written;
  event.blocked = blocked;
  next_.push_back(event);
}

uint32_t NodeDriver::Connect(std::string_view address, int64_t window) {
  const uint32_t slot = next_slot_++;
  conns_[slot].id = {slot, 1};
  conns_[slot].window = window;
  Event event;
  event.kind = Event::Kind::kOpened;
  event.conn = conns_[slot].id;
  event.text = address;
  event.port = static_cast<int>(40'000 + slot % 20'000);
  Run(event);
  return slot;
}

void NodeDriver::Send(uint32_t slot, std::string_view bytes) {
  Conn& conn = conns_.at(slot);
  if (!conn.open) return;
  if (conn.paused) {
    conn.waiting.emplace_back(bytes);
    return;
  }
  arena_.resize(kHeadroom + bytes.size());
  std::memcpy(arena_.data() + kHeadroom, bytes.data(), bytes.size());
  Event event;
  event.kind = Event::Kind::kBytes;
  event.conn = conn.id;
  event.data = arena_.data() + kHeadroom;
  event.size = bytes.size();
  event.headroom = std::min(kHeadroom, server_.Headroom(conn.id));
  Run(event);
}

void NodeDriver::Finish(uint32_t slot) {
  Event event;
  event.kind = Event::Kind::kEnded;
  event.conn = conns_.at(slot).id;
  Run(event);
}

void NodeDriver::Hangup(uint32_t slot) {
  Conn& conn = conns_.at(slot);
  if (!conn.open) return;
  conn.open = false;
  Event event;
  event.kind = Event::Kind::kClosed;
  event.conn = conn.id;
  event.end = TransportEnd::kPeerClosed;
  Run(event);
}

void NodeDriver::HangupAndReconnect(uint32_t slot) {
  Event closed;
  closed.kind = Event::Kind::kClosed;
  closed.conn = conns_.at(slot).id;
  conns_[slot] = {};
  conns_[slot].id = {slot, closed.conn.generation + 1};
  Event opened;
  opened.kind = Event::Kind::kOpened;
  opened.conn = conns_[slot].id;
  opened.text = "127.0.0.1";
  opened.port = 4'000;
  next_ = {closed, opened};
  RunUntilQuiet();
}

void NodeDriver::SetWindow(uint32_t slot, int64_t bytes) {
  Conn& conn = conns_.at(slot);
  conn.window = bytes;
  if (!conn.blocked || bytes == 0 || !conn.open) return;
  WriteOut(conn);
  RunUntilQuiet();
}

void NodeDriver::Advance(Duration d) {
  const Instant end = now_.mono + d;
  while (true) {
    const Instant next = std::min(std::max(server_.NextDeadline(), now_.mono), end);
    now_.wall = now_.wall + (next - now_.mono);
    now_.mono = next;
    Event tick;
    Run(tick);
    for (auto& [slot, conn] : conns_) {
      while (!conn.paused && conn.open && !conn.waiting.empty()) {
        const std::string bytes = conn.waiting.front();
        conn.waiting.pop_front();
        Send(slot, bytes);
      }
    }
    if (next == end) return;
  }
}

void NodeDriver::Command(dunlin::Command command) {
  Event event;
  event.kind = Event::Kind::kCommand;
  event.command = command;
  Run(event);
}

void NodeDriver::Answer(bool yes) {
  Event event;
  event.kind = Event::Kind::kComputed;
  event.ticket = asked_.front().ticket;
  event.yes = yes;
  asked_.pop_front();
  Run(event);
}

std::string NodeDriver::Get(std::string_view target) {
  page_.clear();
  const ProcessUsage usage;
  Event event;
  event.kind = Event::Kind::kMonitorRequest;
  event.ticket = {++tickets_};
  event.text = target;
  event.usage = &usage;
  Run(event);
  return page_;
}

std::string NodeDriver::Take(uint32_t slot) {
  std::string output;
  output.swap(conns_.at(slot).output);
  return output;
}

}  // namespace dunlin::testing
