#include "engine/base/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "engine/base/check.h"

namespace dunlin {
namespace {

constexpr int64_t kTickNs = 1'000'000;

int64_t TickAtOrAfter(Instant at) {
  return at.ns > 0 ? (at.ns - 1) / kTickNs + 1 : at.ns / kTickNs;
}
int64_t TickAtOrBefore(Instant at) {
  return at.ns >= 0 ? at.ns / kTickNs : (at.ns - kTickNs + 1) / kTickNs;
}

}  // namespace

TimerWheel::TimerWheel(Instant start) : now_(TickAtOrBefore(start)) {
  for (auto& level : slots_) {
    for (Timer& head : level) head.prev_ = head.next_ = &head;
  }
  due_.prev_ = due_.next_ = &due_;
}

void TimerWheel::Arm(Timer* timer, Instant deadline) {
  if (timer->armed()) Unlink(timer);
  timer->deadline_ = deadline;
  Place(timer, std::max(TickAtOrAfter(deadline), now_ + 1));
}

void TimerWheel::Disarm(Timer* timer) {
  if (timer->armed()) Unlink(timer);
}

void TimerWheel::Place(Timer* timer, int64_t tick) {
  // The level is the highest 6-bit digit in which 'tick' differs from now: the wheel turns into it
  // once.
  const uint64_t differing = static_cast<uint64_t>(tick) ^ static_cast<uint64_t>(now_);
  int level = differing == 0 ? 0 : (63 - std::countl_zero(differing)) / kSlotBits;
  Timer* head;
  if (level >= kLevels) {
    // Beyond some 100 years: the last slot of the top level, placed again whenever that comes
    // round.
    level = kLevels - 1;
    const int64_t slot = ((now_ >> (level * kSlotBits)) + kSlots - 1) & (kSlots - 1);
    used_[level] |= uint64_t{1} << slot;
    head = &slots_[level][slot];
  } else {
    const int64_t slot = (tick >> (level * kSlotBits)) & (kSlots - 1);
    used_[level] |= uint64_t{1} << slot;
    head = &slots_[level][slot];
  }
  timer->prev_ = head->prev_;
  timer->next_ = head;
  head->prev_->next_ = timer;
  head->prev_ = timer;
}

void TimerWheel::Unlink(Timer* timer) {
  Timer* const prev = timer->prev_;
  Timer* const next = timer->next_;
  prev->next_ = next;
  next->prev_ = prev;
  timer->prev_ = timer->next_ = nullptr;
  if (prev != next || prev == &due_) return;
  // The list became empty: 'prev' is its head. Clear its bit.
  const auto index = prev - &slots_[0][0];
  used_[index / kSlots] &= ~(uint64_t{1} << (index % kSlots));
}

int64_t TimerWheel::NextTick() const {
  for (int level = 0; level < kLevels; ++level) {
    if (used_[level] == 0) continue;
    const int shift = level * kSlotBits;
    const int at = static_cast<int>((now_ >> shift) & (kSlots - 1));
    // Slots are used ahead of the present one; in the top level also behind it, one turn later.
    const uint64_t ahead = at == kSlots - 1 ? 0 : used_[level] & (~uint64_t{0} << (at + 1));
    const int64_t turn = (now_ >> shift) - at;
    const int64_t slot =
        ahead != 0 ? std::countr_zero(ahead) : kSlots + std::countr_zero(used_[level]);
    return (turn + slot) << shift;
  }
  return INT64_MAX;
}

Instant TimerWheel::NextDeadline() const {
  if (due_.next_ != &due_) return Instant{now_ * kTickNs};
  const int64_t tick = NextTick();
  return tick > INT64_MAX / kTickNs ? kNever : Instant{tick * kTickNs};
}

void TimerWheel::Cascade(int64_t tick) {
  now_ = tick;
  for (int level = kLevels - 1; level >= 0; --level) {
    const int shift = level * kSlotBits;
    if (level > 0 && (tick & ((int64_t{1} << shift) - 1)) != 0) continue;
    const int64_t slot = (tick >> shift) & (kSlots - 1);
    if ((used_[level] & (uint64_t{1} << slot)) == 0) continue;
    used_[level] &= ~(uint64_t{1} << slot);
    Timer& head = slots_[level][slot];
    Timer* timer = head.next_;
    head.prev_ = head.next_ = &head;
    while (timer != &head) {
      Timer* const next = timer->next_;
      const int64_t due = TickAtOrAfter(timer->deadline_);
      if (due <= tick) {
        timer->prev_ = due_.prev_;
        timer->next_ = &due_;
        due_.prev_->next_ = timer;
        due_.prev_ = timer;
      } else {
        Place(timer, due);
      }
      timer = next;
    }
  }
}

Timer* TimerWheel::PopDue(Instant now) {
  const int64_t target = TickAtOrBefore(now);
  while (due_.next_ == &due_) {
    const int64_t tick = NextTick();
    if (tick > target) {
      now_ = std::max(now_, target);
      return nullptr;
    }
    Cascade(tick);
  }
  Timer* const timer = due_.next_;
  due_.next_ = timer->next_;
  timer->next_->prev_ = &due_;
  timer->prev_ = timer->next_ = nullptr;
  return timer;
}

}  // namespace dunlin
