#include "storage/file/cache_pool.h"

#include <utility>

#include "engine/base/check.h"

namespace dunlin::file {

CachePool::~CachePool() {
  for (char* const chunk : spare_) delete[] chunk;
}

char* CachePool::Take(CachePool* pool, size_t bytes) {
  if (pool == nullptr || bytes != kChunkBytes || pool->spare_.empty()) return new char[bytes];
  char* const chunk = pool->spare_.back();
  pool->spare_.pop_back();
  return chunk;
}

void CachePool::Give(CachePool* pool, char* memory, size_t bytes) {
  if (pool == nullptr || bytes != kChunkBytes || pool->spare_.size() >= kSpareMax) {
    delete[] memory;
  } else {
    pool->spare_.push_back(memory);
  }
}

std::string CachePool::TakeBuffer(CachePool* pool) {
  if (pool == nullptr || pool->buffers_.empty()) return {};
  std::string buffer = std::move(pool->buffers_.back());
  pool->buffers_.pop_back();
  return buffer;
}

void CachePool::GiveBuffer(CachePool* pool, std::string buffer) {
  if (pool == nullptr || pool->buffers_.size() >= kBuffersMax) return;
  buffer.clear();
  pool->buffers_.push_back(std::move(buffer));
}

void CachePool::Report(uint64_t before, uint64_t now) {
  CHECK(bytes_ >= before);
  bytes_ = bytes_ - before + now;
  holders_ = holders_ - (before > 0 ? 1 : 0) + (now > 0 ? 1 : 0);
}

}  // namespace dunlin::file
