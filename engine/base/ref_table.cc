#include "engine/base/ref_table.h"

#include "engine/base/check.h"

namespace dunlin {
namespace {
constexpr size_t kCapacityMin = 4;
}

RefTable::Array RefTable::Allocate(size_t capacity) {
  Array array;
  array.slots.reset(static_cast<Slot*>(std::calloc(capacity, sizeof(Slot))));
  CHECK(array.slots != nullptr);
  array.mask = static_cast<uint32_t>(capacity - 1);
  return array;
}

void RefTable::Put(Array* array, uint32_t hash, uint32_t ref) {
  size_t at = hash & array->mask;
  while (array->slots[at].ref_plus_1 != 0) at = (at + 1) & array->mask;
  array->slots[at] = {hash, ref + 1};
}

bool RefTable::Remove(Array* array, size_t from, uint32_t hash, uint32_t ref) {
  if (array->slots == nullptr) return false;
  Slot* const slots = array->slots.get();
  const size_t mask = array->mask;
  size_t at = hash & mask;
  if (at < from) at = from;
  size_t left = array->capacity() - from;
  for (; slots[at].ref_plus_1 != ref + 1; at = After(at, from, *array)) {
    if (slots[at].ref_plus_1 == 0 || --left == 0) return false;
  }
  // Close the gap: pull back whatever would no longer be found behind it. Once around at most.
  size_t gap = at;
  left = array->capacity() - from;
  for (size_t next = After(gap, from, *array); slots[next].ref_plus_1 != 0 && --left > 0;
       next = After(next, from, *array)) {
    size_t home = slots[next].hash & mask;
    if (home < from) home = from;
    const bool home_in_between =
        gap <= next ? gap < home && home <= next : gap < home || home <= next;
    if (home_in_between) continue;
    slots[gap] = slots[next];
    gap = next;
  }
  slots[gap].ref_plus_1 = 0;
  return true;
}

void RefTable::Resize(size_t capacity) {
  while (old_.slots != nullptr)
    MoveSome();  // Only if someone inserts faster than we move: not at 16 a call.
  old_ = std::move(present_);
  moved_ = 0;
  present_ = Allocate(capacity);
}

void RefTable::MoveSome() {
  if (old_.slots == nullptr) return;
  size_t slots_seen = 0;
  for (size_t moves = 0;
       moved_ < old_.capacity() && moves < kMovesPerCall && slots_seen < 4 * kMovesPerCall;
       ++moved_, ++slots_seen) {
    Slot& slot = old_.slots[moved_];
    if (slot.ref_plus_1 == 0) continue;
    Put(&present_, slot.hash, slot.ref_plus_1 - 1);
    slot.ref_plus_1 = 0;
    ++moves;
  }
  if (moved_ == old_.capacity()) {
    old_ = {};
    moved_ = 0;
  }
}

void RefTable::Insert(uint32_t hash, uint32_t ref) {
  CHECK(ref != kNone);
  MoveSome();
  const size_t capacity = present_.capacity();
  if ((size_ + 1) * 8 > capacity * 7) Resize(capacity == 0 ? kCapacityMin : capacity * 2);
  Put(&present_, hash, ref);
  ++size_;
}

void RefTable::Erase(uint32_t hash, uint32_t ref) {
  MoveSome();
  CHECK(Remove(&present_, 0, hash, ref) || Remove(&old_, moved_, hash, ref));
  --size_;
  if (size_ == 0) {
    Clear();
  } else if (old_.slots == nullptr && present_.capacity() > 64 && size_ * 8 < present_.capacity()) {
    Resize(present_.capacity() / 4);
  }
}

void RefTable::Clear() {
  present_ = {};
  old_ = {};
  moved_ = size_ = 0;
}

}  // namespace dunlin
