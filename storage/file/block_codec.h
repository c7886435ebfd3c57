// What stands between a block's plain bytes and its file: compression, and around it encryption
// (reference: the same).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "storage/crypto/key_ring.h"
#include "storage/file/block.h"
#include "storage/format/block_file.h"

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
  static void Encrypt(const Block& block, uint64_t offset, char* bytes, size_t count);
  // Its file is encrypted as the operator wants it today, or plain if that is wished for.
  bool Current(const Block& block) const {
    return keys_ == nullptr ? block.cipher == nullptr : block.key_current;
  }

 private:
  const std::string stream_;
  const crypto::KeyRing* const keys_;
};

// Turns a file's bytes into plain ones, a slice at a time:
//
//   BlockDecoder decoder(block, std::move(bytes));
//   while (decoder.Step()) {}
//   if (decoder.why().empty()) use(decoder.records());
class BlockDecoder {
 public:
  // As BlockCodec::Decode(). REQUIRES: the block outlives this.
  BlockDecoder(Block* block, std::string bytes) : block_(block), bytes_(std::move(bytes)) {}

  // Decrypts at most 512 KiB, or decompresses a chunk. False: nothing is left to do.
  [[nodiscard]] bool Step();

  const std::string& why() const { return why_; }
  std::string& records() { return bytes_; }

 private:
  Block* const block_;
  std::string bytes_;
  uint64_t decrypted_ = 0;
  std::unique_ptr<format::BlockUnpacker> unpacker_;
  std::string why_;
};

// Makes a file's bytes of plain ones, a slice at a time.
class BlockPacker {
 public:
  BlockPacker(std::string plain, bool compress);

  // Compresses at most 256 KiB, or encrypts 512 KiB if 'keyed' has a cipher. False: nothing is left
  // to do.
  [[nodiscard]] bool Step(const Block* keyed);

  std::string& file() { return file_; }

 private:
  std::string plain_, file_;
  std::unique_ptr<format::BlockCompressor> compressor_;
  uint64_t encrypted_ = 0;
};

}  // namespace dunlin::file
