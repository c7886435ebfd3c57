#include "storage/journal/aligned_buffer.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"
#include "storage/disk.h"

namespace dunlin::journal {

void AlignedBuffer::Grow(size_t capacity, size_t keep) {
  if (capacity <= capacity_) return;
  capacity = std::max(capacity, 2 * capacity_);
  capacity = (capacity + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment;
  auto* bytes = static_cast<uint8_t*>(std::aligned_alloc(kDirectAlignment, capacity));
  CHECK(bytes != nullptr);
  if (keep > 0) std::memcpy(bytes, bytes_.get(), keep);
  bytes_.reset(bytes);
  capacity_ = capacity;
}

}  // namespace dunlin::journal
