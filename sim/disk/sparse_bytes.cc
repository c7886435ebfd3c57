#include "sim/disk/sparse_bytes.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace dunlin::sim {
namespace {

constexpr uint8_t kZeros[ChunkRef::kBytes] = {};
size_t live_chunks = 0;

bool AllZeros(const uint8_t* bytes, size_t size) {
  return size == 0 || std::memcmp(bytes, kZeros, size) == 0;
}

}  // namespace

struct ChunkRef::Chunk {
  uint32_t references = 1;
  uint8_t bytes[kBytes] = {};
};

ChunkRef::ChunkRef(const ChunkRef& other) : chunk_(other.chunk_) {
  if (chunk_) ++chunk_->references;
}

ChunkRef::ChunkRef(ChunkRef&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}

ChunkRef& ChunkRef::operator=(ChunkRef other) noexcept {
  std::swap(chunk_, other.chunk_);
  return *this;
}

ChunkRef::~ChunkRef() {
  if (!chunk_ || --chunk_->references > 0) return;
  delete chunk_;
  --live_chunks;
}

const uint8_t* ChunkRef::bytes() const { return chunk_ ? chunk_->bytes : kZeros; }

uint8_t* ChunkRef::Own() {
  if (chunk_ && chunk_->references == 1) return chunk_->bytes;
  ChunkRef fresh;
  fresh.chunk_ = new Chunk;
  ++live_chunks;
  std::memcpy(fresh.chunk_->bytes, bytes(), kBytes);
  *this = std::move(fresh);
  return chunk_->bytes;
}

size_t ChunkRef::LiveBytes() { return live_chunks * kBytes; }

uint64_t SparseBytes::WouldAllocate(uint64_t offset, uint64_t size) const {
  if (size == 0) return 0;
  const uint64_t first = offset / ChunkRef::kBytes;
  const uint64_t last = (offset + size - 1) / ChunkRef::kBytes;
  uint64_t present = 0;
  for (auto it = chunks_.lower_bound(first); it != chunks_.end() && it->first <= last; ++it)
    ++present;
  return (last - first + 1 - present) * ChunkRef::kBytes;
}

size_t SparseBytes::Read(uint64_t offset, uint8_t* to, size_t size) const {
  if (offset >= size_) return 0;
  size = std::min<uint64_t>(size, size_ - offset);
  for (size_t done = 0; done < size;) {
    const uint64_t index = (offset + done) / ChunkRef::kBytes;
    const size_t at = (offset + done) % ChunkRef::kBytes;
    const size_t piece = std::min(size - done, ChunkRef::kBytes - at);
    const auto it = chunks_.find(index);
    std::memcpy(to + done, it == chunks_.end() ? kZeros : it->second.bytes() + at, piece);
    done += piece;
  }
  return size;
}

void SparseBytes::WriteChunk(uint64_t index, size_t at, const uint8_t* from, size_t size) {
  ChunkRef& chunk = chunks_[index];
  if (AllZeros(from, size)) {
    if (chunk.IsZeros()) return;
    if (size == ChunkRef::kBytes) {
      chunk = ChunkRef();
      return;
    }
  }
  std::memcpy(chunk.Own() + at, from, size);
}

void SparseBytes::Write(uint64_t offset, const uint8_t* from, size_t size) {
  for (size_t done = 0; done < size;) {
    const size_t at = (offset + done) % ChunkRef::kBytes;
    const size_t piece = std::min(size - done, ChunkRef::kBytes - at);
    WriteChunk((offset + done) / ChunkRef::kBytes, at, from + done, piece);
    done += piece;
  }
  if (size > 0) size_ = std::max<uint64_t>(size_, offset + size);
}

void SparseBytes::WriteZeros(uint64_t offset, uint64_t size) {
  for (uint64_t done = 0; done < size;) {
    const size_t piece =
        std::min<uint64_t>(size - done, ChunkRef::kBytes - (offset + done) % ChunkRef::kBytes);
    Write(offset + done, kZeros, piece);
    done += piece;
  }
}

void SparseBytes::Resize(uint64_t size) {
  if (size < size_) {
    chunks_.erase(chunks_.lower_bound((size + ChunkRef::kBytes - 1) / ChunkRef::kBytes),
                  chunks_.end());
    const size_t kept = size % ChunkRef::kBytes;
    const auto last = chunks_.find(size / ChunkRef::kBytes);
    if (kept > 0 && last != chunks_.end() && !last->second.IsZeros())
      std::memset(last->second.Own() + kept, 0, ChunkRef::kBytes - kept);
  }
  size_ = size;
}

void SparseBytes::ShareEqual(const SparseBytes& other, uint64_t offset, uint64_t size) {
  if (size == 0) return;
  const uint64_t last = (offset + size - 1) / ChunkRef::kBytes;
  for (auto it = chunks_.lower_bound(offset / ChunkRef::kBytes);
       it != chunks_.end() && it->first <= last; ++it) {
    const auto theirs = other.chunks_.find(it->first);
    if (theirs == other.chunks_.end() || it->second.SharesWith(theirs->second)) continue;
    if (std::memcmp(it->second.bytes(), theirs->second.bytes(), ChunkRef::kBytes) == 0)
      it->second = theirs->second;
  }
}

}  // namespace dunlin::sim
