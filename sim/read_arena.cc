#include "sim/read_arena.h"

#include <algorithm>
#include <cstring>

namespace dunlin::sim {

uint8_t* ReadArena::Take(size_t size) {
  for (Block& block : blocks_) {
    if (block.size - block.used >= size) {
      uint8_t* at = block.bytes.get() + block.used;
      block.used += size;
      return at;
    }
  }
  const size_t block_size = std::max(kBlockBytes, size);
  blocks_.push_back({std::make_unique<uint8_t[]>(block_size), block_size, size});
  return blocks_.back().bytes.get();
}

uint8_t* ReadArena::Place(std::string_view bytes, size_t headroom) {
  uint8_t* at = Take(kBorderBytes + headroom + bytes.size() + kBorderBytes);
  std::memset(at, kBorder, kBorderBytes);
  borders_.push_back({at});
  uint8_t* data = at + kBorderBytes + headroom;
  std::memset(at + kBorderBytes, kGarbage, headroom);
  std::memcpy(data, bytes.data(), bytes.size());
  std::memset(data + bytes.size(), kBorder, kBorderBytes);
  borders_.push_back({data + bytes.size()});
  return data;
}

bool ReadArena::BordersIntact() const {
  return std::all_of(borders_.begin(), borders_.end(), [](const Border& border) {
    return std::all_of(border.at, border.at + kBorderBytes, [](uint8_t b) { return b == kBorder; });
  });
}

void ReadArena::Poison() {
  for (Block& block : blocks_) {
    std::memset(block.bytes.get(), kGarbage, block.used);
    block.used = 0;
  }
  borders_.clear();
}

}  // namespace dunlin::sim
