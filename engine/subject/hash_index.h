// A hash table from a 32-bit hash to 32-bit references, that never works on more than a page at a
// time.
//
// It holds no keys: the owner says whether a reference is the one it looks for. The hash stays
// beside the reference, so that moving a slot touches nothing else.
//
// Extendible hashing. A directory, indexed by the top bits of the hash, points to pages of up to
// 512 open- addressed slots. A full page splits in two by one more bit; two that run empty merge;
// the directory doubles or halves. So one Insert() or Erase() moves at most one page of slots, and
// now and then copies a directory of 16 bytes per some 280 entries: about 64 KiB at a million. A
// page with few slots doubles until it has 512, so that a small table is small, and so does one
// that cannot be split any more because its hashes are alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dunlin::subject {

class HashIndex {
 public:
  static constexpr uint32_t kNone = 0;  // No reference.
  static constexpr uint32_t kPageSlotsMax = 512;

  HashIndex() = default;
  ~HashIndex() { Clear(); }
  HashIndex(const HashIndex&) = delete;
  HashIndex& operator=(const HashIndex&) = delete;

  // The reference with this hash for which is_it(ref) holds, or kNone.
  template <class IsIt>
  uint32_t Find(uint32_t hash, IsIt&& is_it) const {
    if (directory_.empty()) return kNone;
    const View& view = directory_[DirectoryAt(hash)];
    for (uint32_t at = hash & view.mask;; at = (at + 1) & view.mask) {
      const Slot& slot = view.slots[at];
      if (slot.ref == kNone) return kNone;
      if (slot.hash == hash && is_it(slot.ref)) return slot.ref;
    }
  }

  // REQUIRES: ref != kNone and is not in the table.
  void Insert(uint32_t hash, uint32_t ref);
  // REQUIRES: is in the table.
  void Erase(uint32_t hash, uint32_t ref);
  void Clear();

  // Some reference whose hash is near 'hash', or kNone: what a full cache gives up.
  uint32_t Near(uint32_t hash) const;

  template <class Use>
  void ForEach(Use&& use) const {
    for (size_t at = 0; at < directory_.size(); at += Span(directory_[at])) {
      const View& view = directory_[at];
      for (uint32_t slot = 0; slot <= view.mask; ++slot) {
        if (view.slots[slot].ref != kNone) use(view.slots[slot].ref);
      }
    }
  }

  size_t size() const { return size_; }
  size_t BytesUsed() const { return page_bytes_ + directory_.capacity() * sizeof(View); }

  // Slots and directory entries moved, cleared or copied by growing and shrinking so far.
  uint64_t work_done() const { return work_done_; }

  // Aborts if the table contradicts itself. Slow.
  void CheckInvariants() const;

 private:
  // Past this a page that is full doubles.
  static constexpr uint32_t kDepthMax = 24;

  struct Slot {
    uint32_t hash;
    uint32_t ref;
  };
  struct View {
    Slot* slots;
    uint32_t mask;   // Slots of the page, less one.
    uint32_t depth;  // Leading bits that all hashes in the page share.
  };

  size_t DirectoryAt(uint32_t hash) const { return uint64_t{hash} >> (32 - depth_); }
  // Entries of the directory that show the same page.
  size_t Span(const View& view) const { return size_t{1} << (depth_ - view.depth); }
  static uint32_t UsedMax(const View& view) { return (view.mask + 1) / 4 * 3; }
  static uint32_t& Used(const View& view);

  View NewPage(uint32_t slot_count, uint32_t depth);
  void FreePage(const View& view);
  static void Put(const View& view, uint32_t hash, uint32_t ref);
  // Shows 'view' in all entries for hashes that start as 'hash' does, view.depth bits long.
  void Show(const View& view, uint32_t hash);
  void Rehash(uint32_t hash, uint32_t slot_count);
  void Split(uint32_t hash);
  bool Merge(uint32_t hash);
  void DoubleDirectory();
  void HalveDirectory();
  void ShrinkAround(uint32_t hash);

  std::vector<View> directory_;  // 2^depth_ entries, or none.
  uint32_t depth_ = 0;
  size_t deepest_ = 0;  // Pages as deep as the directory.
  size_t size_ = 0;
  size_t page_bytes_ = 0;
  uint64_t work_done_ = 0;
};

}  // namespace dunlin::subject
