// Many deadlines in, one out: a hierarchical timing wheel with intrusive timers.
//
// Arming and disarming are O(1), whatever the number of timers; so is the search for the next
// deadline. Resolution is one millisecond: a timer fires at the first advance to or past its
// deadline rounded up to a whole millisecond, never before its deadline. Timers due in the same
// millisecond fire in the order in which they were armed for that slot, so that a run can be
// repeated. Varghese & Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987.
#pragma once

#include <cstdint>

#include "engine/base/time.h"

namespace dunlin {

class TimerWheel;

// One deadline. Lives inside its owner; 'kind' and 'owner' are handed back when it fires.
// Must not be destroyed or moved while armed.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool armed() const { return prev_ != nullptr; }
  Instant deadline() const { return deadline_; }  // Of the last Arm().

  void* owner = nullptr;
  uint8_t kind = 0;

 private:
  friend class TimerWheel;
  Timer* prev_ = nullptr;
  Timer* next_ = nullptr;
  Instant deadline_;
};

class TimerWheel {
 public:
  explicit TimerWheel(Instant start);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Arms or re-arms. A deadline in the past fires at the next advance.
  void Arm(Timer* timer, Instant deadline);
  void Disarm(Timer* timer);

  // When PopDue() has to be asked next; kNever without timers. May be earlier than the earliest
  // deadline (timers far off are sorted more finely as they come near), never later than it rounded
  // up to 1 ms.
  Instant NextDeadline() const;

  // The next timer due at 'now', disarmed, or null. Call until null. REQUIRES: now never decreases.
  Timer* PopDue(Instant now);

 private:
  static constexpr int kSlotBits = 6, kSlots = 1 << kSlotBits, kLevels = 7;

  void Place(Timer* timer, int64_t tick);
  void Unlink(Timer* timer);
  // Moves the timers of the slots that 'tick' enters down a level.
  void Cascade(int64_t tick);
  // The first tick after now_ at which something is due or has to be moved; INT64_MAX if none.
  int64_t NextTick() const;

  int64_t now_;                   // Ticks up to and including this one have been collected.
  uint64_t used_[kLevels] = {};   // A bit for each slot that has timers.
  Timer slots_[kLevels][kSlots];  // List heads: circular lists.
  Timer due_;                     // List head of what has fired and not been popped yet.
};

}  // namespace dunlin
