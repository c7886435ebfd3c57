// The memory of all caches of blocks of a process: how much of it there may be, and chunks of it
// that nobody uses at the moment.
//
// Stores draw on one budget. While all caches together are above it, a store that has more than its
// share (the budget, divided by how many have a cache) lets go of what is in its files already,
// down to the share: whole blocks first, then the front of the block that is being written. So a
// thousand busy streams keep what is not written yet, and no more. The consequence: who reads
// messages that are not the newest ones reads them from the disk. What is not written is on top: it
// has to stay, and is bounded by BlockWriter::Limits::write_bytes_min and the journal.
//
// Chunks go from stream to stream: pages that the kernel has made once are not made again for each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dunlin::file {

class CachePool {
 public:
  static constexpr size_t kChunkBytes = 64u << 10;
  // Chunks that lie here for the next one; what is given back beyond that goes to the system.
  static constexpr size_t kSpareMax = 1024;

  explicit CachePool(uint64_t bytes_max) : bytes_max_(bytes_max) {}
  ~CachePool();
  CachePool(const CachePool&) = delete;
  CachePool& operator=(const CachePool&) = delete;

  // Memory of 'bytes', which is anything; given back with the same number. 'pool' may be null: then
  // it is the system's.
  [[nodiscard]] static char* Take(CachePool* pool, size_t bytes);
  static void Give(CachePool* pool, char* memory, size_t bytes);

  // An empty string for what is to be written, most likely with memory that was used for that; and
  // back. A few lie here.
  static constexpr size_t kBuffersMax = 32;
  [[nodiscard]] static std::string TakeBuffer(CachePool* pool);
  static void GiveBuffer(CachePool* pool, std::string buffer);

  // A store's caches had so many bytes when it said so last (0: none), and have so many now.
  void Report(uint64_t before, uint64_t now);
  bool over() const { return bytes_ > bytes_max_; }
  // What a store may keep while over().
  uint64_t share() const { return bytes_max_ / (holders_ > 0 ? holders_ : 1); }
  uint64_t bytes() const { return bytes_; }

 private:
  const uint64_t bytes_max_;
  uint64_t bytes_ = 0;
  uint64_t holders_ = 0;
  std::vector<char*> spare_;
  std::vector<std::string> buffers_;
};

}  // namespace dunlin::file
