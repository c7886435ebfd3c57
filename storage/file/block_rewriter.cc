#include "storage/file/block_rewriter.h"

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/file/key_loader.h"
#include "storage/format/block_file.h"
#include "storage/format/file_names.h"

namespace dunlin::file {

std::string BlockRewriter::Temporary() const {
  return BlockPath(block_) + std::string(format::kTemporarySuffix);
}

void BlockRewriter::Begin(Block* block, Content content, bool compress) {
  CHECK(!busy() && steps_.idle());
  stage_ = Stage::kPacking;
  block_ = block->number;
  plain_bytes_ = content.plain.size();
  last_checksum_ = format::LastChecksum(content.plain);
  compressed_ = compress;
  top_ = content.top;
  tombs_ = std::move(content.tombs);
  cut_ = content.cut;
  // What is erased from now on is still in the new file.
  erase_ = block->erase;
  block->erase = false;
  packer_.emplace(std::move(content.plain), compress);
  if (codec_->keys() == nullptr) return;
  block->has_key = true;
  keyed_ = std::make_unique<Block>(block_, block->checksum);
  key_file_ = codec_->NewKey(keyed_.get());
}

void BlockRewriter::Pack() {
  CHECK(packing());
  if (packer_->Step(keyed_.get())) return;
  std::string file = std::move(packer_->file());
  packer_.reset();
  Write(std::move(file));
}

void BlockRewriter::Write(std::string file) {
  stage_ = Stage::kWriting;
  file_bytes_ = other_bytes_ = file.size();
  const std::string pending = PendingKeyPath(block_);
  DiskTicket step;
  const bool encrypt = keyed_ != nullptr;
  if (encrypt) {
    step = steps_.Put(pending, std::move(key_file_));
    if (MUTANT(162)) step = steps_.Rename(pending, BlockKeyPath(block_), step);
  }
  // Mutant 151: in place.
  step = steps_.Put(MUTANT(151) ? BlockPath(block_) : Temporary(), std::move(file), step);
  if (encrypt && !MUTANT(163)) steps_.SyncDir(format::kMsgsDir, step);
}

void BlockRewriter::Name(Block* block) {
  CHECK(ready() && block->number == block_);
  block->replacing = true;
  stage_ = Stage::kNaming;
  rename_ = MUTANT(151) ? steps_.SyncDir(format::kMsgsDir)
                        : steps_.Rename(Temporary(), BlockPath(block_), {});
  DiskTicket step = steps_.SyncDir(format::kMsgsDir, rename_);
  if (keyed_ == nullptr) return;
  step = steps_.Rename(PendingKeyPath(block_), BlockKeyPath(block_), step);
  steps_.SyncDir(format::kMsgsDir, step);
}

void BlockRewriter::Abandon(Block* block) {
  CHECK(ready());
  if (block != nullptr) block->erase |= erase_;
  stage_ = Stage::kAbandoning;
  steps_.Remove(Temporary());
  if (keyed_ != nullptr) steps_.Remove(PendingKeyPath(block_));
}

std::optional<OtherFile> BlockRewriter::other_file() const {
  if (!ready() && !naming()) return std::nullopt;
  return OtherFile{block_, other_bytes_};
}

void BlockRewriter::Named(Block* block) {
  other_bytes_ = block->rewritten ? block->file_bytes : block->raw_bytes;
  block->raw_bytes = block->written = block->synced = plain_bytes_;
  block->file_bytes = file_bytes_;
  block->last_checksum = last_checksum_;
  block->rewritten = true;
  block->compressed = compressed_;
  block->top = top_;
  if (keyed_ != nullptr) {
    block->cipher = std::move(keyed_->cipher);
    block->key_current = true;
  }
  block->tombs = std::move(tombs_);
  if (block->cut == cut_) {
    block->cut = 0;
  } else {  // It was cut again meanwhile.
    block->tombs.DeleteRange(block->cut + 1, UINT64_MAX);
  }
  block->points.Clear();
  block->cache.reset();
  block->loading.reset();
  block->map.Clear();
  ++block->rewrites;
  block->replacing = false;
}

bool BlockRewriter::OnDisk(const DiskDone& done, StreamIndex* index) {
  if (!busy() || !steps_.OnDisk(done)) return false;
  if (error_.empty() && !steps_.error().empty()) {
    error_ = "stream '" + codec_->stream() + "', rewrite: " + steps_.error();
  }
  Block* block = index->ByNumber(block_);
  if (naming() && done.ticket == rename_ && done.ok() && block != nullptr) Named(block);
  if (!steps_.idle()) return true;
  steps_.Clear();
  if (stage_ == Stage::kWriting && error_.empty()) {
    stage_ = Stage::kReady;
    return true;
  }
  if (block != nullptr && block->replacing) {
    // Which of the two files has the name is not known.
    block->damage = error_;
    block->replacing = false;
  }
  stage_ = Stage::kNone;
  block_ = 0;
  keyed_.reset();
  return true;
}

}  // namespace dunlin::file
