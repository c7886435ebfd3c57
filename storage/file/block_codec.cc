#include "storage/file/block_codec.h"

#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/format/block_file.h"

namespace dunlin::file {

bool BlockCodec::Decode(Block* block, std::string* bytes, std::string* why) {
  Encrypt(*block, 0, bytes);
  format::BlockHeader header;
  format::Damage damage = format::ReadBlockHeader(*bytes, &header);
  if (damage.ok() && header.header_bytes == 0) return true;
  block->compressed = block->rewritten = true;
  block->file_bytes = bytes->size();
  if (damage.ok()) {
    format::BlockUnpacker unpacker(std::move(*bytes));
    while (unpacker.Step()) {
    }
    damage = unpacker.damage();
    *bytes = std::move(unpacker.records());
  }
  if (!damage.ok()) *why = format::Describe(damage);
  return damage.ok();
}

std::string BlockCodec::NewKey(Block* block) const {
  CHECK(keys_ != nullptr);
  crypto::NewKey made = keys_->NewForBlock(stream_, block->number);
  block->cipher = std::make_unique<crypto::BlockCipher>(made.key);
  block->key_current = true;
  return std::move(made.file);
}

void BlockCodec::Encrypt(const Block& block, uint64_t offset, std::string* bytes) {
  if (block.cipher == nullptr) return;
  if (MUTANT(160)) offset = 0;
  block.cipher->Apply(offset, reinterpret_cast<uint8_t*>(bytes->data()), bytes->size());
}

}  // namespace dunlin::file
