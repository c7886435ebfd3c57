#include "engine/session/outbound.h"

#include <algorithm>
#include <cstdlib>

#include "engine/base/check.h"
#include "engine/base/mutant.h"

namespace dunlin::session {

BlockPool::~BlockPool() {
  for (Block* list : {free_small_, free_large_, free_headers_}) {
    while (list != nullptr) {
      Block* const next = list->next;
      std::free(list->data);
      delete list;
      list = next;
    }
  }
  while (free_segments_ != nullptr) {
    Segment* const next = free_segments_->next;
    delete free_segments_;
    free_segments_ = next;
  }
}

Block* BlockPool::New(size_t size) {
  const uint32_t capacity = static_cast<uint32_t>(size <= kSmallChunk   ? kSmallChunk
                                                  : size <= kLargeChunk ? kLargeChunk
                                                                        : size);
  Block** list = capacity == kSmallChunk   ? &free_small_
                 : capacity == kLargeChunk ? &free_large_
                                           : nullptr;
  Block* block = nullptr;
  if (list != nullptr && *list != nullptr) {
    block = *list;
    *list = block->next;
    --(capacity == kSmallChunk ? small_kept_ : large_kept_);
  } else {
    if (free_headers_ != nullptr) {
      block = free_headers_;
      free_headers_ = block->next;
    } else {
      block = new Block;
    }
    block->data = static_cast<uint8_t*>(std::malloc(capacity));
    CHECK(block->data != nullptr);
    block->capacity = capacity;
  }
  block->refs = 1;
  block->borrowed = false;
  block->next = nullptr;
  bytes_in_use_ += capacity;
  return block;
}

Block* BlockPool::Borrow(const uint8_t* data, size_t size) {
  Block* block = free_headers_;
  if (block != nullptr) {
    free_headers_ = block->next;
  } else {
    block = new Block;
  }
  block->data = const_cast<uint8_t*>(data);
  block->capacity = static_cast<uint32_t>(size);
  block->refs = 2;  // The caller's, and the list's below.
  block->borrowed = true;
  block->next = borrowed_;
  borrowed_ = block;
  bytes_in_use_ += block->capacity;
  return block;
}

void BlockPool::Own(Block* block) {
  CHECK(block->borrowed);
  uint8_t* const copy = static_cast<uint8_t*>(std::malloc(block->capacity));
  CHECK(copy != nullptr);
  std::memcpy(copy, block->data, block->capacity);
  block->data = copy;
  block->borrowed = false;
}

void BlockPool::Settle() {
  while (borrowed_ != nullptr) {
    Block* const block = borrowed_;
    borrowed_ = block->next;
    block->next = nullptr;
    if (block->refs > 1 && block->borrowed && !MUTANT(15)) Own(block);
    Unref(block);
  }
}

void BlockPool::Free(Block* block) {
  bytes_in_use_ -= block->capacity;
  if (!block->borrowed) {
    if (block->capacity == kSmallChunk && small_kept_ < kFreeKept) {
      ++small_kept_;
      block->next = free_small_;
      free_small_ = block;
      return;
    }
    if (block->capacity == kLargeChunk && large_kept_ < kFreeKept) {
      ++large_kept_;
      block->next = free_large_;
      free_large_ = block;
      return;
    }
    std::free(block->data);
  }
  block->data = nullptr;
  block->next = free_headers_;
  free_headers_ = block;
}

Segment* BlockPool::NewSegment() {
  ++segments_in_use_;
  Segment* segment = free_segments_;
  if (segment == nullptr) return new Segment;
  free_segments_ = segment->next;
  --segments_kept_;
  segment->next = nullptr;
  return segment;
}

void BlockPool::FreeSegment(Segment* segment) {
  constexpr size_t kSegmentsKept = 64 << 10;
  --segments_in_use_;
  if (segments_kept_ == kSegmentsKept) {
    delete segment;
    return;
  }
  ++segments_kept_;
  segment->next = free_segments_;
  free_segments_ = segment;
}

void Outbound::CloseTail() {
  if (cursor_ == nullptr) return;
  tail_->size = static_cast<uint32_t>(SizeOf(tail_));
  cursor_ = limit_ = nullptr;
}

void Outbound::Grow(size_t size) {
  CHECK(size <= BlockPool::kLargeChunk);
  // A connection with little to say takes a small chunk; one that filled it takes large ones.
  Block* const block =
      pool_->New(head_ == nullptr ? size : std::max<size_t>(size, BlockPool::kLargeChunk));
  CloseTail();
  Segment* const segment = pool_->NewSegment();
  segment->block = block;
  segment->offset = segment->size = 0;
  (tail_ == nullptr ? head_ : tail_->next) = segment;
  tail_ = segment;
  cursor_ = block->data;
  limit_ = block->data + block->capacity;
}

void Outbound::Append(const void* data, size_t size) {
  const uint8_t* from = static_cast<const uint8_t*>(data);
  while (size > 0) {
    if (cursor_ == limit_) Grow(std::min<size_t>(size, BlockPool::kLargeChunk));
    const size_t part = std::min(size, static_cast<size_t>(limit_ - cursor_));
    std::memcpy(cursor_, from, part);
    Commit(cursor_ + part);
    from += part;
    size -= part;
  }
}

void Outbound::AppendShared(Block* block, uint32_t offset, uint32_t size) {
  uint8_t* const cursor = cursor_;
  uint8_t* const limit = limit_;
  Block* const open = cursor == nullptr ? nullptr : tail_->block;
  CloseTail();
  Segment* segment = pool_->NewSegment();
  pool_->Ref(block);
  segment->block = block;
  segment->offset = offset;
  segment->size = size;
  (tail_ == nullptr ? head_ : tail_->next) = segment;
  tail_ = segment;
  pending_ += static_cast<int64_t>(size);
  if (open == nullptr || limit - cursor < 256) return;
  // The rest of the open chunk goes on behind the payload.
  segment = pool_->NewSegment();
  pool_->Ref(open);
  segment->block = open;
  segment->offset = static_cast<uint32_t>(cursor - open->data);
  segment->size = 0;
  tail_->next = segment;
  tail_ = segment;
  cursor_ = cursor;
  limit_ = limit;
}

size_t Outbound::segments() const {
  size_t n = 0;
  for (const Segment* s = head_; s != nullptr; s = s->next) n += SizeOf(s) != 0;
  return n;
}

size_t Outbound::Gather(std::span<IoSlice> slices) const {
  size_t n = 0;
  for (const Segment* s = head_; s != nullptr && n < slices.size(); s = s->next) {
    if (const size_t size = SizeOf(s); size != 0) slices[n++] = {s->block->data + s->offset, size};
  }
  return n;
}

void Outbound::Consume(size_t size) {
  CHECK(static_cast<int64_t>(size) <= pending_);
  pending_ -= static_cast<int64_t>(size) - (MUTANT(9) && size > 4096 ? 1 : 0);
  while (head_ != nullptr) {
    const size_t here = SizeOf(head_);
    if (here > size) {
      head_->offset += static_cast<uint32_t>(size);
      if (head_ != tail_ || cursor_ == nullptr) head_->size -= static_cast<uint32_t>(size);
      return;
    }
    size -= here;
    Segment* const done = head_;
    if (done == tail_) {
      tail_ = nullptr;
      cursor_ = limit_ = nullptr;
    }
    head_ = done->next;
    pool_->Unref(done->block);
    pool_->FreeSegment(done);
  }
  CHECK(size == 0);
}

void Outbound::Clear() { Consume(static_cast<size_t>(pending_)); }

void Outbound::CheckInvariants() const {
  int64_t total = 0;
  for (const Segment* s = head_; s != nullptr; s = s->next) {
    CHECK(s->block->refs > 0);
    CHECK(s->offset + SizeOf(s) <= s->block->capacity);
    CHECK((s->next == nullptr) == (s == tail_));
    total += static_cast<int64_t>(SizeOf(s));
  }
  CHECK(total == pending_);
}

}  // namespace dunlin::session
