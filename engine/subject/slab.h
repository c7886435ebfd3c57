// Memory for many small blocks of few sizes, named by 32 bits instead of 64 and without a header
// each.
//
// Blocks of one size share pages of up to 16 KiB; a page goes back to the system when its last
// block is freed, unless it is the one page of its size with room. Pages of a size start small and
// double, so that a small index costs little. Blocks beyond kSmallMax have a page of their own.
//
// A reference is (page << 12 | offset / 4): blocks are aligned to 4 bytes, never move, and no call
// works on more than one page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dunlin::subject {

class Slab {
 public:
  static constexpr uint32_t kNone = 0;  // The reference of no block.
  static constexpr size_t kSmallMax = 2048;
  static constexpr size_t kPageBytesMax = 16 * 1024;
  // At this many pages HasRoom() says no; the owner then refuses what it was asked to keep. The
  // rest of the numbers is for what one more subscription may need at most.
  static constexpr size_t kPagesMax = (1u << 20) - (1u << 16);

  Slab() = default;
  ~Slab() { Reset(); }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  bool HasRoom() const { return page_total_ < kPagesMax; }

  // The bytes of the block are undefined. REQUIRES: bytes > 0.
  [[nodiscard]] uint32_t Alloc(size_t bytes);
  void Free(uint32_t ref);
  // A block of 'bytes' with the same bytes in front, up to the smaller of both sizes. The old one
  // is gone.
  [[nodiscard]] uint32_t Resize(uint32_t ref, size_t bytes);
  // Frees everything, in one free() a page.
  void Reset();

  template <class T>
  T* At(uint32_t ref) const {
    return reinterpret_cast<T*>(bases_[ref >> kOffsetBits] + (ref & kOffsetMask) * kUnit);
  }

  // Bytes set aside for the block; at least what was asked for.
  size_t BlockBytes(uint32_t ref) const;
  size_t live() const { return live_; }
  size_t BytesUsed() const;

  // The place of a block after 'ref' (kNone: the first one) in the order of references, live or
  // not; kNone at the end. Only of use if all blocks have one size; the first 4 bytes of a freed
  // one are clobbered.
  uint32_t NextPlace(uint32_t ref) const;

 private:
  static constexpr uint32_t kOffsetBits = 12;
  static constexpr uint32_t kOffsetMask = (1u << kOffsetBits) - 1;
  static constexpr size_t kUnit = 4;
  static constexpr uint32_t kClasses = 68;
  static constexpr uint32_t kLarge = kClasses;  // The class of blocks with a page of their own.

  struct Page {
    uint32_t bytes = 0;  // 0: the page number is free, and 'next' links it to others.
    uint32_t block_bytes = 0;
    uint32_t size_class = 0;
    uint32_t live = 0;
    uint32_t used_to = 0;  // Offset in bytes up to which blocks were handed out at some time.
    uint32_t free_block =
        0;              // Reference of the first freed block; its first 4 bytes hold the next.
    uint32_t next = 0;  // Pages of this class with room, doubly linked.
    uint32_t prev = 0;
  };

  static uint32_t ClassOf(size_t bytes);
  static size_t ClassBytes(uint32_t size_class);
  static bool HasSpace(const Page& page) {
    return page.free_block != kNone || page.used_to + page.block_bytes <= page.bytes;
  }

  uint32_t NewPage(uint32_t size_class, size_t bytes, size_t block_bytes);
  void FreePage(uint32_t index);
  void Link(uint32_t index);
  void Unlink(uint32_t index);
  bool KeepEmpty(const Page& page) const;

  std::vector<char*> bases_;  // By page number; apart from Page, since every look-up reads it.
  size_t page_total_ = 0;     // Likewise, but nearly.
  std::vector<Page> pages_;
  uint32_t free_page_ = kNone;
  size_t live_ = 0;
  size_t page_bytes_ = 0;
  uint32_t with_room_[kClasses] = {};
  uint32_t page_count_[kClasses] = {};
};

}  // namespace dunlin::subject
