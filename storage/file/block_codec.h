// What stands between a block's plain bytes and its file: compression, and around it encryption
// (reference: the same).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/crypto/key_ring.h"
#include "storage/file/block.h"

namespace dunlin::file {

class BlockCodec {
 public:
  // 'keys' outlive this; null: nothing is encrypted.
  explicit BlockCodec(std::string stream, const crypto::KeyRing* keys = nullptr)
      : stream_(std::move(stream)), keys_(keys) {}

  const std::string& stream() const { return stream_; }
  const crypto::KeyRing* keys() const { return keys_; }

  // Turns a file's bytes into plain ones, in place. False: '*why' says what is wrong with them.
  // 'block' learns whether it was compressed. REQUIRES: the block has its cipher, if it needs one.
  [[nodiscard]] bool Decode(Block* block, std::string* bytes, std::string* why);

  // Makes a key of its own for the block. Returns what its key file holds. REQUIRES: keys().
  [[nodiscard]] std::string NewKey(Block* block) const;
  // Encrypts what is to stand at 'offset' of the block's file, if the block is encrypted.
  static void Encrypt(const Block& block, uint64_t offset, std::string* bytes);
  // Its file is encrypted as the operator wants it today, or plain if that is wished for.
  bool Current(const Block& block) const {
    return keys_ == nullptr ? block.cipher == nullptr : block.key_current;
  }

 private:
  const std::string stream_;
  const crypto::KeyRing* const keys_;
};

}  // namespace dunlin::file
