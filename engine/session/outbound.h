// Bytes on their way out of a connection, and the memory that they share.
//
// Small messages are copied into chunks; large payloads are held by reference, so that a message to
// a thousand subscribers exists once. A payload that still lies in the driver's read buffer is
// borrowed until the driver has written what it can (Server's loop, server.h), and copied only if
// it is still needed then. Chunks come from one pool: a connection with nothing to send owns none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "engine/server/server.h"

namespace dunlin::session {

// A stretch of memory shared by reference: a chunk, or a message's payload.
struct Block {
  uint8_t* data = nullptr;
  uint32_t capacity = 0;
  uint32_t refs = 0;
  bool borrowed = false;  // 'data' belongs to the driver.
  Block* next = nullptr;  // In the pool's list of free or borrowed blocks.
};

// A part of a block in one connection's queue. By offset, since a borrowed block's memory moves.
struct Segment {
  Block* block = nullptr;
  uint32_t offset = 0;
  uint32_t size = 0;
  Segment* next = nullptr;
};

// Where blocks and segments come from and go back to. One per engine; outlives every Outbound.
class BlockPool {
 public:
  static constexpr uint32_t kSmallChunk = 4 << 10;
  static constexpr uint32_t kLargeChunk = 64 << 10;
  // Free chunks of each size that are kept for the next burst; the rest goes back to the allocator.
  static constexpr size_t kFreeKept = 256;

  BlockPool() = default;
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // A block of at least 'size' bytes with one reference.
  Block* New(size_t size);
  // A block over the driver's memory, with one reference; see Settle().
  Block* Borrow(const uint8_t* data, size_t size);
  void Ref(Block* block) { ++block->refs; }
  void Unref(Block* block) {
    if (--block->refs == 0) Free(block);
  }

  Segment* NewSegment();
  void FreeSegment(Segment* segment);

  // Gives a borrowed block memory of its own.
  void Own(Block* block);
  // Copies what is still borrowed and in use, since the driver is about to use its memory again.
  void Settle();

  int64_t bytes_in_use() const { return bytes_in_use_; }
  int64_t segments_in_use() const { return segments_in_use_; }

 private:
  void Free(Block* block);

  Block* free_small_ = nullptr;
  Block* free_large_ = nullptr;
  Block* free_headers_ = nullptr;  // Headers without memory, for borrowed and odd-sized blocks.
  Block* borrowed_ = nullptr;
  Segment* free_segments_ = nullptr;
  size_t small_kept_ = 0, large_kept_ = 0, segments_kept_ = 0;
  int64_t bytes_in_use_ = 0;  // Capacity of all blocks that have a reference.
  int64_t segments_in_use_ = 0;
};

// The queue of one connection.
class Outbound {
 public:
  explicit Outbound(BlockPool* pool) : pool_(pool) {}
  ~Outbound() { Clear(); }
  Outbound(const Outbound&) = delete;
  Outbound& operator=(const Outbound&) = delete;

  // Room for 'size' contiguous bytes, to be filled and then given to Commit() in whole or in part.
  // REQUIRES: size <= BlockPool::kLargeChunk.
  uint8_t* Reserve(size_t size) {
    if (static_cast<size_t>(limit_ - cursor_) < size) Grow(size);
    return cursor_;
  }
  void Commit(uint8_t* end) {
    pending_ += end - cursor_;
    cursor_ = end;
  }

  // Copies; any size.
  void Append(const void* data, size_t size);
  void Append(std::string_view text) { Append(text.data(), text.size()); }
  // Adds a part of 'block' without copying; takes a reference.
  void AppendShared(Block* block, uint32_t offset, uint32_t size);

  // Bytes accepted and not yet written.
  int64_t pending() const { return pending_; }
  bool empty() const { return pending_ == 0; }
  // Pieces of memory that hold them.
  size_t segments() const;

  size_t Gather(std::span<IoSlice> slices) const;
  // REQUIRES: size <= pending().
  void Consume(size_t size);
  void Clear();

  void CheckInvariants() const;

 private:
  void Grow(size_t size);
  void CloseTail();
  size_t SizeOf(const Segment* segment) const {
    if (segment != tail_ || cursor_ == nullptr) return segment->size;
    return static_cast<size_t>(cursor_ - segment->block->data) - segment->offset;
  }

  BlockPool* const pool_;
  Segment* head_ = nullptr;
  Segment* tail_ = nullptr;
  uint8_t* cursor_ = nullptr;  // End of the open chunk's bytes; null: the tail takes no more.
  uint8_t* limit_ = nullptr;
  int64_t pending_ = 0;
};

}  // namespace dunlin::session
