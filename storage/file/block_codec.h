// What stands between a block's plain bytes and its file: compression and encryption, in this
// order (reference: the same).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/file/block.h"

namespace dunlin::file {

class BlockCodec {
 public:
  explicit BlockCodec(std::string stream) : stream_(std::move(stream)) {}

  const std::string& stream() const { return stream_; }

  // Turns a file's bytes into plain ones, in place. False: '*why' says what is wrong with them.
  // 'block' learns whether it was compressed.
  [[nodiscard]] bool Decode(Block* block, std::string* bytes, std::string* why);

 private:
  const std::string stream_;
};

}  // namespace dunlin::file
