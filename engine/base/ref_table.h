// A hash table of 32-bit references whose keys live elsewhere, growing a few slots at a time.
//
// Open addressing with linear probing; the 32-bit hash lies beside the reference, so that growing
// never touches the keys. No call moves more than kMovesPerCall entries, whatever the size: a table
// of a million entries does not stall the engine when it doubles. Eight bytes a slot, half to seven
// eighths full; an empty table owns no memory. There is no iteration but Visit(), whose order means
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace dunlin {

class RefTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;  // Not a legal reference.
  static constexpr size_t kMovesPerCall = 16;

  size_t size() const { return size_; }
  size_t BytesUsed() const { return (present_.capacity() + old_.capacity()) * sizeof(Slot); }

  // The reference with this hash for which same(ref) holds, or kNone.
  template <class Same>
  uint32_t Find(uint32_t hash, Same same) const {
    const uint32_t found = Find(present_, 0, hash, same);
    return found != kNone || old_.slots == nullptr ? found : Find(old_, moved_, hash, same);
  }

  // REQUIRES: 'ref' is not in the table.
  void Insert(uint32_t hash, uint32_t ref);
  // REQUIRES: 'ref' is in the table under this hash.
  void Erase(uint32_t hash, uint32_t ref);

  // Visits up to 'slots_max' slots from '*cursor' (0 at first) on; false once all were visited.
  // Entries erased or inserted between two calls may be missed or visited twice.
  template <class Visitor>
  bool Visit(size_t* cursor, size_t slots_max, Visitor visit) const {
    const size_t total = present_.capacity() + old_.capacity();
    for (; *cursor < total && slots_max > 0; ++*cursor, --slots_max) {
      const Slot& slot = *cursor < present_.capacity() ? present_.slots[*cursor]
                                                       : old_.slots[*cursor - present_.capacity()];
      if (slot.ref_plus_1 != 0) visit(slot.ref_plus_1 - 1);
    }
    return *cursor < total;
  }

  void Clear();

 private:
  // Zero is an empty slot, so that a new array is what calloc gives: pages that nobody has touched.
  struct Slot {
    uint32_t hash;
    uint32_t ref_plus_1;
  };
  struct Freed {
    void operator()(Slot* slots) const { std::free(slots); }
  };
  struct Array {
    std::unique_ptr<Slot[], Freed> slots;
    uint32_t mask = 0;
    size_t capacity() const { return slots == nullptr ? 0 : size_t{mask} + 1; }
  };

  // Slots below 'from' have been moved away: an entry whose home is there starts at 'from', and a
  // run that reaches the end goes on at 'from'.
  static size_t After(size_t at, size_t from, const Array& array) {
    return at == array.mask ? from : at + 1;
  }
  template <class Same>
  static uint32_t Find(const Array& array, size_t from, uint32_t hash, Same same) {
    if (array.slots == nullptr) return kNone;
    size_t at = hash & array.mask;
    if (at < from) at = from;
    // What is left may be full: no empty slot ends the search there.
    for (size_t left = array.capacity() - from; left > 0; --left, at = After(at, from, array)) {
      const Slot& slot = array.slots[at];
      if (slot.ref_plus_1 == 0) return kNone;
      if (slot.hash == hash && same(slot.ref_plus_1 - 1)) return slot.ref_plus_1 - 1;
    }
    return kNone;
  }

  static Array Allocate(size_t capacity);
  static void Put(Array* array, uint32_t hash, uint32_t ref);
  static bool Remove(Array* array, size_t from, uint32_t hash, uint32_t ref);
  void Resize(size_t capacity);
  void MoveSome();

  Array present_;
  Array old_;  // Being moved into present_, slots [0, moved_) done.
  size_t moved_ = 0;
  size_t size_ = 0;
};

}  // namespace dunlin
