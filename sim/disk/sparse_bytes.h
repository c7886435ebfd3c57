// The bytes of a file, in chunks that several images of it share until one of them is written to.
// Chunks that were never written, or hold zeros, cost no memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>

namespace dunlin::sim {

// A chunk of zeros, or a counted reference to a chunk. Not for threads.
class ChunkRef {
 public:
  static constexpr size_t kBytes = 4096;

  ChunkRef() = default;
  ChunkRef(const ChunkRef& other);
  ChunkRef(ChunkRef&& other) noexcept;
  ChunkRef& operator=(ChunkRef other) noexcept;
  ~ChunkRef();

  // kBytes of them; of zeros if there is no memory behind this.
  const uint8_t* bytes() const;
  // Memory of its own, to write to.
  uint8_t* Own();
  bool SharesWith(const ChunkRef& other) const { return chunk_ == other.chunk_; }
  bool IsZeros() const { return chunk_ == nullptr; }

  // Memory in chunks now, over all images; for budgets and tests.
  static size_t LiveBytes();

 private:
  struct Chunk;
  Chunk* chunk_ = nullptr;
};

class SparseBytes {
 public:
  uint64_t size() const { return size_; }
  // Blocks that were written, in bytes. What a Resize() grew over is not.
  uint64_t allocated_bytes() const { return chunks_.size() * ChunkRef::kBytes; }
  // By how much allocated_bytes() would grow by such a write.
  uint64_t WouldAllocate(uint64_t offset, uint64_t size) const;

  // Up to 'size' bytes; less at the end. Returns how many.
  size_t Read(uint64_t offset, uint8_t* to, size_t size) const;
  // Grows the file as needed; a gap reads as zeros.
  void Write(uint64_t offset, const uint8_t* from, size_t size);
  void WriteZeros(uint64_t offset, uint64_t size);
  // Cuts, or grows with zeros.
  void Resize(uint64_t size);

  // Where both hold the same bytes within the range, takes the other's memory for its own.
  void ShareEqual(const SparseBytes& other, uint64_t offset, uint64_t size);

 private:
  void WriteChunk(uint64_t index, size_t at, const uint8_t* from, size_t size);

  uint64_t size_ = 0;
  std::map<uint64_t, ChunkRef> chunks_;  // By offset / kBytes. Zero past size_.
};

}  // namespace dunlin::sim
