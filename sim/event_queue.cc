#include "sim/event_queue.h"

#include <algorithm>

#include "engine/base/check.h"

namespace dunlin::sim {
namespace {

bool Later(const Happening& a, const Happening& b) {
  return a.at != b.at ? a.at > b.at : a.order > b.order;
}

}  // namespace

void EventQueue::Add(Instant at, HappeningKind kind, uint32_t who, uint64_t what) {
  ++active_;
  Push({.at = at, .order = asked_++, .kind = kind, .is_timer = false, .who = who, .what = what});
}

void EventQueue::AddTimer(Instant at, HappeningKind kind, uint32_t who, uint64_t what) {
  Push({.at = at, .order = asked_++, .kind = kind, .is_timer = true, .who = who, .what = what});
}

void EventQueue::Push(const Happening& happening) {
  heap_.push_back(happening);
  std::push_heap(heap_.begin(), heap_.end(), Later);
}

Happening EventQueue::Take() {
  CHECK(!heap_.empty());
  std::pop_heap(heap_.begin(), heap_.end(), Later);
  const Happening happening = heap_.back();
  heap_.pop_back();
  if (!happening.is_timer) --active_;
  return happening;
}

}  // namespace dunlin::sim
