#include "engine/subject/hash_index.h"

#include <cstdlib>

#include "engine/base/check.h"

namespace dunlin::subject {
namespace {

constexpr uint32_t kFirstSlots = 8;
// In front of the slots of a page: how many are used, and room to align the slots.
constexpr size_t kHeaderBytes = 8;

}  // namespace

uint32_t& HashIndex::Used(const View& view) {
  return *reinterpret_cast<uint32_t*>(reinterpret_cast<char*>(view.slots) - kHeaderBytes);
}

HashIndex::View HashIndex::NewPage(uint32_t slot_count, uint32_t depth) {
  const size_t bytes = kHeaderBytes + slot_count * sizeof(Slot);
  char* base = static_cast<char*>(std::calloc(1, bytes));
  CHECK(base != nullptr);
  page_bytes_ += bytes;
  return {reinterpret_cast<Slot*>(base + kHeaderBytes), slot_count - 1, depth};
}

void HashIndex::FreePage(const View& view) {
  page_bytes_ -= kHeaderBytes + (view.mask + size_t{1}) * sizeof(Slot);
  std::free(reinterpret_cast<char*>(view.slots) - kHeaderBytes);
}

void HashIndex::Put(const View& view, uint32_t hash, uint32_t ref) {
  uint32_t at = hash & view.mask;
  while (view.slots[at].ref != kNone) at = (at + 1) & view.mask;
  view.slots[at] = {hash, ref};
  ++Used(view);
}

void HashIndex::Show(const View& view, uint32_t hash) {
  const size_t span = Span(view);
  const size_t first = DirectoryAt(hash) & ~(span - 1);
  for (size_t i = 0; i < span; ++i) directory_[first + i] = view;
  work_done_ += span;
}

void HashIndex::Insert(uint32_t hash, uint32_t ref) {
  CHECK(ref != kNone);
  if (directory_.empty()) {
    directory_.push_back(NewPage(kFirstSlots, 0));
    deepest_ = 1;
  }
  for (;;) {
    const View view = directory_[DirectoryAt(hash)];
    if (Used(view) < UsedMax(view)) {
      Put(view, hash, ref);
      ++size_;
      return;
    }
    const uint32_t slot_count = view.mask + 1;
    // A directory out of proportion to what it indexes means that hashes are alike: do not feed it.
    const bool may_split = view.depth < kDepthMax && size_t{1} << view.depth <= size_ / 32;
    if (slot_count < kPageSlotsMax || !may_split) {
      Rehash(hash, slot_count * 2);
    } else {
      Split(hash);
    }
  }
}

void HashIndex::Rehash(uint32_t hash, uint32_t slot_count) {
  const View from = directory_[DirectoryAt(hash)];
  const View to = NewPage(slot_count, from.depth);
  for (uint32_t at = 0; at <= from.mask; ++at) {
    if (from.slots[at].ref != kNone) Put(to, from.slots[at].hash, from.slots[at].ref);
  }
  work_done_ += from.mask + 1;
  Show(to, hash);
  FreePage(from);
}

void HashIndex::DoubleDirectory() {
  std::vector<View> wide(directory_.size() * 2);
  for (size_t at = 0; at < directory_.size(); ++at) {
    wide[2 * at] = wide[2 * at + 1] = directory_[at];
  }
  work_done_ += wide.size();
  directory_.swap(wide);
  ++depth_;
  deepest_ = 0;
}

void HashIndex::Split(uint32_t hash) {
  if (directory_[DirectoryAt(hash)].depth == depth_) DoubleDirectory();
  const View from = directory_[DirectoryAt(hash)];
  const uint32_t bit = 1u << (31 - from.depth);
  const View low = NewPage(from.mask + 1, from.depth + 1);
  const View high = NewPage(from.mask + 1, from.depth + 1);
  for (uint32_t at = 0; at <= from.mask; ++at) {
    const Slot& slot = from.slots[at];
    if (slot.ref != kNone) Put((slot.hash & bit) != 0 ? high : low, slot.hash, slot.ref);
  }
  work_done_ += from.mask + 1;
  Show(low, hash & ~bit);
  Show(high, hash | bit);
  if (low.depth == depth_) deepest_ += 2;
  FreePage(from);
}

void HashIndex::Erase(uint32_t hash, uint32_t ref) {
  const View& view = directory_[DirectoryAt(hash)];
  uint32_t hole = hash & view.mask;
  while (view.slots[hole].ref != ref) {
    CHECK(view.slots[hole].ref != kNone);
    hole = (hole + 1) & view.mask;
  }
  // Close the hole: move back what may stand there, so that no search is cut short.
  for (uint32_t at = (hole + 1) & view.mask; view.slots[at].ref != kNone;
       at = (at + 1) & view.mask) {
    const uint32_t home = view.slots[at].hash & view.mask;
    if (((at - home) & view.mask) >= ((at - hole) & view.mask)) {
      view.slots[hole] = view.slots[at];
      hole = at;
    }
  }
  view.slots[hole] = {0, kNone};
  --Used(view);
  if (--size_ == 0) return Clear();
  if (Used(view) < (view.mask + 1) / 8) ShrinkAround(hash);
}

void HashIndex::ShrinkAround(uint32_t hash) {
  while (directory_[DirectoryAt(hash)].depth > 0) {
    const View& view = directory_[DirectoryAt(hash)];
    if (Used(view) >= (view.mask + 1) / 8 || !Merge(hash)) return;
  }
  const View& view = directory_[DirectoryAt(hash)];
  if (view.mask + 1 > kFirstSlots && Used(view) < (view.mask + 1) / 8)
    Rehash(hash, (view.mask + 1) / 2);
}

bool HashIndex::Merge(uint32_t hash) {
  const View from = directory_[DirectoryAt(hash)];
  const uint32_t bit = 1u << (32 - from.depth);
  const View into = directory_[DirectoryAt(hash ^ bit)];
  if (into.depth != from.depth || Used(from) + Used(into) > UsedMax(into) / 2) return false;
  for (uint32_t at = 0; at <= from.mask; ++at) {
    if (from.slots[at].ref != kNone) Put(into, from.slots[at].hash, from.slots[at].ref);
  }
  work_done_ += from.mask + 1;
  if (from.depth == depth_) deepest_ -= 2;
  FreePage(from);
  Show({into.slots, into.mask, into.depth - 1}, hash);
  while (depth_ > 0 && deepest_ == 0) HalveDirectory();
  return true;
}

void HashIndex::HalveDirectory() {
  std::vector<View> narrow(directory_.size() / 2);
  for (size_t at = 0; at < narrow.size(); ++at) narrow[at] = directory_[2 * at];
  work_done_ += narrow.size();
  directory_.swap(narrow);
  --depth_;
  for (size_t at = 0; at < directory_.size(); at += Span(directory_[at])) {
    deepest_ += directory_[at].depth == depth_;
  }
}

void HashIndex::Clear() {
  for (size_t at = 0; at < directory_.size();) {
    const View view = directory_[at];
    at += Span(view);
    FreePage(view);
  }
  std::vector<View>().swap(directory_);
  depth_ = 0;
  deepest_ = 0;
  size_ = 0;
}

uint32_t HashIndex::Near(uint32_t hash) const {
  if (directory_.empty()) return kNone;
  const View& view = directory_[DirectoryAt(hash)];
  if (Used(view) == 0) return kNone;
  uint32_t at = hash & view.mask;
  while (view.slots[at].ref == kNone) at = (at + 1) & view.mask;
  return view.slots[at].ref;
}

void HashIndex::CheckInvariants() const {
  size_t entries = 0, deepest = 0;
  CHECK(directory_.empty() ? size_ == 0 : directory_.size() == size_t{1} << depth_);
  for (size_t at = 0; at < directory_.size(); at += Span(directory_[at])) {
    const View& view = directory_[at];
    CHECK(view.depth <= depth_ && at % Span(view) == 0);
    deepest += view.depth == depth_;
    for (size_t i = 0; i < Span(view); ++i) CHECK(directory_[at + i].slots == view.slots);
    uint32_t used = 0;
    for (uint32_t slot = 0; slot <= view.mask; ++slot) {
      if (view.slots[slot].ref == kNone) continue;
      ++used;
      const uint32_t hash = view.slots[slot].hash, ref = view.slots[slot].ref;
      CHECK(Find(hash, [ref](uint32_t other) { return other == ref; }) == ref);
    }
    CHECK(used == Used(view) && used <= UsedMax(view));
    entries += used;
  }
  CHECK(entries == size_ && deepest == deepest_);
}

}  // namespace dunlin::subject
