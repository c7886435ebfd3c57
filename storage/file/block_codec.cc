#include "storage/file/block_codec.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/format/block_file.h"

namespace dunlin::file {

namespace {

constexpr size_t kCipherBytesPerStep = 512u << 10;

}  // namespace

bool BlockCodec::Decode(Block* block, std::string* bytes, std::string* why) {
  BlockDecoder decoder(block, std::move(*bytes));
  while (decoder.Step()) {
  }
  *bytes = std::move(decoder.records());
  *why = decoder.why();
  return why->empty();
}

bool BlockDecoder::Step() {
  if (block_->cipher != nullptr && decrypted_ < bytes_.size()) {
    const size_t count = std::min(kCipherBytesPerStep, bytes_.size() - decrypted_);
    BlockCodec::Encrypt(*block_, decrypted_, bytes_.data() + decrypted_, count);
    decrypted_ += count;
    return true;
  }
  if (unpacker_ == nullptr) {
    format::BlockHeader header;
    const format::Damage damage = format::ReadBlockHeader(bytes_, &header);
    if (damage.ok() && header.header_bytes == 0) return false;
    block_->compressed = block_->rewritten = true;
    block_->file_bytes = bytes_.size();
    if (!damage.ok()) {
      why_ = format::Describe(damage);
      return false;
    }
    unpacker_ = std::make_unique<format::BlockUnpacker>(std::move(bytes_));
  }
  if (unpacker_->Step()) return true;
  if (!unpacker_->damage().ok()) why_ = format::Describe(unpacker_->damage());
  bytes_ = std::move(unpacker_->records());
  return false;
}

BlockPacker::BlockPacker(std::string plain, bool compress) {
  if (!compress) {
    file_ = std::move(plain);
    return;
  }
  plain_ = std::move(plain);
  file_.reserve(plain_.size());  // Growing by doubling would copy megabytes in one step.
  compressor_ = std::make_unique<format::BlockCompressor>(plain_, &file_);
}

bool BlockPacker::Step(const Block* keyed) {
  if (MUTANT(212) && compressor_ != nullptr && keyed != nullptr && encrypted_ == 0) {
    BlockCodec::Encrypt(*keyed, 0, &plain_);
    encrypted_ = UINT64_MAX;
  }
  if (compressor_ != nullptr) {
    if (!compressor_->Step()) compressor_.reset();
    return true;
  }
  if (keyed == nullptr || encrypted_ >= file_.size()) return false;
  const size_t count = std::min(kCipherBytesPerStep, file_.size() - encrypted_);
  BlockCodec::Encrypt(*keyed, encrypted_, file_.data() + encrypted_, count);
  encrypted_ += count;
  return true;
}

std::string BlockCodec::NewKey(Block* block) const {
  CHECK(keys_ != nullptr);
  crypto::NewKey made = keys_->NewForBlock(stream_, block->number);
  block->cipher = std::make_unique<crypto::BlockCipher>(made.key);
  block->key_current = true;
  return std::move(made.file);
}

void BlockCodec::Encrypt(const Block& block, uint64_t offset, char* bytes, size_t count) {
  if (block.cipher == nullptr) return;
  if (MUTANT(160)) offset = 0;
  block.cipher->Apply(offset, reinterpret_cast<uint8_t*>(bytes), count);
}

void BlockCodec::Encrypt(const Block& block, uint64_t offset, std::string* bytes) {
  Encrypt(block, offset, bytes->data(), bytes->size());
}

}  // namespace dunlin::file
