// Memory for the bytes of one batch of events, made hostile: it watches its borders, and once the
// engine may no longer look at it, it holds something else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace dunlin::sim {

class ReadArena {
 public:
  // A copy of 'bytes' with 'headroom' writable bytes in front of it, good until Poison().
  uint8_t* Place(std::string_view bytes, size_t headroom);
  // False if somebody wrote outside of what was placed.
  [[nodiscard]] bool BordersIntact() const;
  // The engine has no more business here: overwrites everything, and starts anew.
  void Poison();

 private:
  static constexpr size_t kBorderBytes = 16;
  static constexpr size_t kBlockBytes = 256 * 1024;
  static constexpr uint8_t kBorder = 0xb5;
  static constexpr uint8_t kGarbage = 0xdb;

  struct Block {
    std::unique_ptr<uint8_t[]> bytes;
    size_t size = 0;
    size_t used = 0;
  };
  struct Border {
    const uint8_t* at;
  };

  uint8_t* Take(size_t size);

  std::vector<Block> blocks_;
  std::vector<Border> borders_;
};

}  // namespace dunlin::sim
