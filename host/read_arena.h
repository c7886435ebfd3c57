// The memory that reads of one batch go to: one piece, used from the front, free again when the
// batch is over. Connections own no read buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/base/check.h"

namespace dunlin::host {

class ReadArena {
 public:
  // Readable (not meaningful) bytes behind every read, for parsers that load whole words.
  static constexpr size_t kSlack = 64;

  explicit ReadArena(size_t bytes) : bytes_(bytes), memory_(new uint8_t[bytes + kSlack]) {}

  bool Fits(size_t bytes) const { return bytes_ - used_ >= bytes; }
  // Where the next piece begins. REQUIRES: what is written there Fits().
  uint8_t* next() const { return memory_.get() + used_; }
  void Take(size_t bytes) {
    CHECK(Fits(bytes));
    used_ += bytes;
  }
  void Clear() { used_ = 0; }

 private:
  const size_t bytes_;
  size_t used_ = 0;
  std::unique_ptr<uint8_t[]> memory_;
};

}  // namespace dunlin::host
