// A client connection fed with any bytes, in pieces as the first byte says: the server answers or
// closes, keeps its invariants, and lets go of everything when the client is gone. A second, honest
// client listens to all of it.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/check.h"
#include "engine/server/server.h"

namespace {

using dunlin::ConnId;
using dunlin::Effect;
using dunlin::Event;

constexpr ConnId kFuzzed{0, 1}, kListener{1, 1};
constexpr size_t kHeadroom = 4096;

Event Make(Event::Kind kind, ConnId conn) {
  Event event;
  event.kind = kind;
  event.conn = conn;
  return event;
}

// The driver's half of the contract in engine/server/server.h, with transports that take everything
// at once.
class Driver {
 public:
  Driver() : server_(Options(), {}) {
    Step({});
    Event listening = Make(Event::Kind::kListening, {});
    listening.port = 4222;
    listening.text = "127.0.0.1";
    Step({listening});
    Open(kFuzzed);
    Open(kListener);
    Bytes(kListener, "CONNECT {\"verbose\":false}\r\nSUB > 1\r\nSUB > workers 2\r\n");
  }

  void Bytes(ConnId conn, std::string_view bytes) {
    if (!IsOpen(conn)) return;
    // The engine may write to the bytes and in front of them, and keeps views of them until the
    // next batch.
    buffer_.assign(kHeadroom + bytes.size(), 0);
    if (!bytes.empty()) std::memcpy(buffer_.data() + kHeadroom, bytes.data(), bytes.size());
    Event arrived = Make(Event::Kind::kBytes, conn);
    arrived.data = buffer_.data() + kHeadroom;
    arrived.size = bytes.size();
    arrived.headroom = kHeadroom;
    Step({arrived});
  }

  void End(ConnId conn) {
    if (IsOpen(conn)) Step({Make(Event::Kind::kEnded, conn)});
    CHECK(!IsOpen(conn));
  }

  bool IsOpen(ConnId conn) const { return open_[conn.slot]; }

  void CheckInvariants() const { server_.CheckInvariants(); }

 private:
  static dunlin::config::Options Options() {
    dunlin::config::Options options;
    options.trace = options.debug = true;  // Log lines are made from hostile bytes, too.
    options.max_payload = 4096;
    options.max_control_line = 512;
    options.max_subscriptions = 64;
    return options;
  }

  void Open(ConnId conn) {
    open_[conn.slot] = true;
    Event opened = Make(Event::Kind::kOpened, conn);
    opened.port = 5000;
    opened.text = "127.0.0.1";
    Step({opened});
  }

  void Step(std::vector<Event> batch) {
    now_.mono = now_.mono + dunlin::Millis(1);
    now_.wall = now_.wall + dunlin::Millis(1);
    if (batch.empty()) batch.push_back({});
    while (!batch.empty()) {
      out_.Clear();
      server_.Step(now_, batch, out_);
      batch.clear();
      for (const Effect& effect : out_.effects()) CarryOut(effect, &batch);
      // Work was put off to keep the step short.
      if (batch.empty() && server_.NextDeadline() <= now_.mono) batch.push_back({});
    }
  }

  void CarryOut(const Effect& effect, std::vector<Event>* answers) {
    if (effect.kind == Effect::Kind::kWrite && open_[effect.conn.slot]) {
      std::array<dunlin::IoSlice, 64> slices;
      const size_t count = server_.GatherOutput(effect.conn, slices);
      size_t total = 0;
      for (size_t i = 0; i < count; ++i) total += slices[i].size;
      Event written = Make(Event::Kind::kWritten, effect.conn);
      written.size = total;
      answers->push_back(written);
    } else if (effect.kind == Effect::Kind::kClose && open_[effect.conn.slot]) {
      open_[effect.conn.slot] = false;
      Event closed = Make(Event::Kind::kClosed, effect.conn);
      closed.end = dunlin::TransportEnd::kClosedByUs;
      answers->push_back(closed);
    }
  }

  dunlin::Server server_;
  dunlin::Now now_{{1'000'000'000}, {1'700'000'000'000'000'000}};
  dunlin::Outbox out_;
  std::vector<uint8_t> buffer_;
  std::array<bool, 2> open_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t piece = 1 + data[0];
  const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
  Driver driver;
  for (size_t at = 0; at < input.size() && driver.IsOpen(kFuzzed); at += piece) {
    driver.Bytes(kFuzzed, std::string_view(input).substr(at, piece));
  }
  driver.CheckInvariants();
  driver.End(kFuzzed);
  driver.CheckInvariants();
  CHECK(driver.IsOpen(kListener));  // Whatever one client sends, the other one stays.
  return 0;
}
