// What will happen in a simulated world, ordered by time. Ties go by the order of asking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/time.h"

namespace dunlin::sim {

enum class HappeningKind : uint8_t {
  kArrive,     // 'who' connection, 'what' direction: the oldest piece in flight is there.
  kRoom,       // 'who' connection, 'what' direction: the writer learns that there is room again.
  kConnect,    // 'who' connection: the request to connect reaches the server.
  kPacedRead,  // 'who' connection: a client that reads slowly reads again.
  kWake,       // 'who' node, 'what' life: its process runs.
  kDeadline,   // 'who' node, 'what' life: its engine's deadline may have come.
  kComputed,   // 'who' node, 'what' its computation: the answer is there.
  kAlarm,      // 'who' index of the alarm's target, 'what' cookie.
};

struct Happening {
  Instant at;
  uint64_t order = 0;  // Of asking.
  HappeningKind kind = HappeningKind::kArrive;
  bool is_timer = false;  // Does not count as activity; see EventQueue::active().
  uint32_t who = 0;
  uint64_t what = 0;
};

class EventQueue {
 public:
  void Add(Instant at, HappeningKind kind, uint32_t who, uint64_t what = 0);
  // As Add(), for what only waits for time to pass.
  void AddTimer(Instant at, HappeningKind kind, uint32_t who, uint64_t what = 0);

  bool empty() const { return heap_.empty(); }
  // Happenings that are not timers: bytes on their way, processes with work to do.
  size_t active() const { return active_; }
  // REQUIRES: not empty.
  Instant next_at() const { return heap_.front().at; }
  Happening Take();

 private:
  void Push(const Happening& happening);

  std::vector<Happening> heap_;
  uint64_t asked_ = 0;
  size_t active_ = 0;
};

}  // namespace dunlin::sim
