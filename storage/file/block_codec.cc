#include "storage/file/block_codec.h"

#include <utility>

#include "storage/format/block_file.h"

namespace dunlin::file {

bool BlockCodec::Decode(Block* block, std::string* bytes, std::string* why) {
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

}  // namespace dunlin::file
