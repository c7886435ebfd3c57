// Memory that direct transfers accept: aligned to kDirectAlignment. Grows, never shrinks by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace dunlin::journal {

class AlignedBuffer {
 public:
  uint8_t* data() { return bytes_.get(); }
  const uint8_t* data() const { return bytes_.get(); }
  size_t capacity() const { return capacity_; }

  // Makes room for 'capacity' bytes at least, doubling; the first 'keep' bytes are kept.
  void Grow(size_t capacity, size_t keep);
  void Free() { *this = {}; }

 private:
  struct Freed {
    void operator()(uint8_t* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<uint8_t[], Freed> bytes_;
  size_t capacity_ = 0;
};

}  // namespace dunlin::journal
