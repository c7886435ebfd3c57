#include "storage/file/block_writer.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/file/key_loader.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"

namespace dunlin::file {
namespace {

std::string CheckpointPath(std::string_view suffix) {
  std::string path(format::kMsgsDir);
  path.append("/").append(kCheckpointFile).append(suffix);
  return path;
}

}  // namespace

void BlockWriter::Fail(std::string_view what, std::string_view file, uint64_t offset,
                       const DiskDone& done) {
  if (failure_) return;
  failure_ = "stream '" + codec_->stream() + "', " + std::string(file) + ", offset " +
             std::to_string(offset) + ": " + std::string(what) + ": " + Describe(done.error);
  if (!done.text.empty()) failure_->append(" (").append(done.text).append(")");
}

BlockWriter::File* BlockWriter::FileOf(uint32_t block) {
  for (const auto& file : files_) {
    if (file->block == block) return file.get();
  }
  return nullptr;
}

bool BlockWriter::MayOpen(const Block& block) {
  return files_.size() < limits_.files_max || FileOf(block.number) != nullptr;
}

BlockWriter::File* BlockWriter::OpenFile(Block* block) {
  if (File* file = FileOf(block->number)) return file;
  auto file = std::make_unique<File>();
  file->block = block->number;
  file->id = disk_.NewFile();
  DiskTicket key;
  if (codec_->keys() != nullptr && !block->has_file) {
    // Before any byte: what is encrypted without a key on disk is lost.
    file->key = std::make_unique<DiskSteps>(disk_);
    const std::string path = BlockKeyPath(block->number), pending = PendingKeyPath(block->number);
    key = file->key->Put(pending, codec_->NewKey(block));
    key = file->key->Rename(pending, path, key);
    block->has_key = true;
  }
  // A file that no checkpoint knows may lie there, from before a crash: it means nothing.
  file->open = disk_.Open(file->id, BlockPath(block->number), Access::kWrite,
                          block->has_file ? Creation::kExisting : Creation::kEmptied, key);
  new_names_ = new_names_ || !block->has_file;
  block->has_file = true;
  files_.push_back(std::move(file));
  return files_.back().get();
}

void BlockWriter::WriteSome(Block* block, bool all) {
  if (block->unwritten || (!all && !Due(*block))) return;
  uint64_t end = block->points.Reach(
      block->written, [&](WritePoint point) { return journal_->Covers(point) || MUTANT(130); });
  if (end < block->raw_bytes) awaits_journal_ = true;
  if (end == block->written) return;
  if (!all && end - block->written < limits_.write_bytes_min) return;
  if (!MayOpen(*block)) return;
  File* file = OpenFile(block);
  if (file->write.value != 0 || file->close.value != 0) return;
  end = std::min(end, block->written + limits_.write_bytes_max);
  if (!journal_->MayCopy(end - block->written)) {
    put_off_ = true;
    return;
  }
  // Encrypted, it may be; and the cache may let go of it while the disk writes.
  file->bytes = CachePool::TakeBuffer(reader_->pool());
  for (uint64_t at = block->written; at < end;) {
    const std::string_view some = block->cache->BytesFrom(at).substr(0, end - at);
    file->bytes.append(some);
    at += some.size();
  }
  BlockCodec::Encrypt(*block, block->written, &file->bytes);
  file->write_end = end;
  file->write =
      disk_.Write(file->id, block->written, reinterpret_cast<const uint8_t*>(file->bytes.data()),
                  file->bytes.size(), file->writes++ == 0 ? file->open : DiskTicket{});
}

uint64_t BlockWriter::Goal(const Block& block) const {
  if (block.number < pending_.head) return block.raw_bytes;
  return block.number == pending_.head ? pending_.head_bytes : 0;
}

// Blocks that may have something to write or sync: the last few.
std::span<const std::unique_ptr<Block>> BlockWriter::Dirty(const StreamIndex& index) {
  const auto& blocks = index.blocks;
  auto from = std::lower_bound(
      blocks.begin(), blocks.end(), clean_below_,
      [](const std::unique_ptr<Block>& block, uint32_t value) { return block->number < value; });
  while (from != blocks.end() && (*from)->life != BlockLife::kOpen &&
         (*from)->synced >= (*from)->raw_bytes) {
    clean_below_ = (*from++)->number + 1;
  }
  return {from, blocks.end()};
}

bool BlockWriter::Written(const StreamIndex& index) {
  const auto dirty = Dirty(index);
  return std::all_of(dirty.begin(), dirty.end(),
                     [&](const auto& block) { return block->written >= Goal(*block); });
}

bool BlockWriter::Synced(const StreamIndex& index) {
  const auto dirty = Dirty(index);
  return std::all_of(dirty.begin(), dirty.end(),
                     [&](const auto& block) { return block->synced >= Goal(*block); });
}

void BlockWriter::Work(StreamIndex* index) {
  awaits_journal_ = rewriter_.ready();
  put_off_ = false;
  if (failure_) return;
  for (const auto& block : Dirty(*index)) {
    const bool wanted = stage_ == Stage::kWriting && block->written < Goal(*block);
    WriteSome(block.get(), wanted || block->life != BlockLife::kOpen);
  }
  RemoveDoomed();
  if (stage_ == Stage::kWriting && Written(*index)) {
    if (journal_->Covers(pending_point_)) {
      stage_ = Stage::kSyncing;
    } else {
      awaits_journal_ = true;
    }
  }
  if (stage_ == Stage::kSyncing) SyncAll(index);
  SyncToClose(index);
  CloseIdle(index);
}

void BlockWriter::Sync(File* file, const Block& block) {
  file->sync_end = block.written;
  file->sync = disk_.Sync(file->id, file->writes == 0 ? file->open : DiskTicket{});
}

// All of them but the head's can be, sooner or later: only one block at a time waits for the
// journal with a part of it written.
void BlockWriter::SyncToClose(StreamIndex* index) {
  if (files_.size() < limits_.files_max) return;
  for (const auto& file : files_) {
    if (file->write.value != 0 || file->sync.value != 0 || file->close.value != 0) continue;
    const Block* block = index->ByNumber(file->block);
    if (block == nullptr || block->life == BlockLife::kOpen || block->written < block->raw_bytes ||
        block->synced >= block->raw_bytes) {
      continue;
    }
    Sync(file.get(), *block);
  }
}

void BlockWriter::SyncAll(StreamIndex* index) {
  for (const auto& block : Dirty(*index)) {
    if (MUTANT(132) && block->life != BlockLife::kOpen) block->synced = block->raw_bytes;
    if (block->synced >= Goal(*block)) continue;
    if (!MayOpen(*block)) break;
    File* file = OpenFile(block.get());
    if (file->sync.value == 0 && file->close.value == 0) Sync(file, *block);
  }
  if (!Synced(*index) || awaits_index_) return;
  stage_ = Stage::kNaming;
  WriteCheckpoint();
}

void BlockWriter::WriteCheckpoint() {
  checkpoint_bytes_ = EncodeCheckpoint(pending_, format::StreamChecksum(codec_->stream()));
  const std::string temporary = CheckpointPath(format::kTemporarySuffix);
  const FileId file = checkpoint_file_ = disk_.NewFile();
  checkpoint_open_ = disk_.Open(file, temporary, Access::kWrite, Creation::kEmptied);
  checkpoint_write_ =
      disk_.Write(file, 0, reinterpret_cast<const uint8_t*>(checkpoint_bytes_.data()),
                  checkpoint_bytes_.size(), checkpoint_open_);
  checkpoint_sync_ = disk_.Sync(file, checkpoint_write_);
  checkpoint_close_ = disk_.Close(file, checkpoint_sync_);
  // A rename may survive a power loss before anything makes it: the names of the blocks that the
  // checkpoint speaks of must be there by then.
  DiskTicket names = checkpoint_close_;
  if (new_names_ && !MUTANT(131))
    names = checkpoint_names_ = disk_.SyncDir(format::kMsgsDir, names);
  new_names_ = false;
  checkpoint_rename_ = disk_.Rename(temporary, CheckpointPath(""), Replace::kExisting, names);
  checkpoint_syncdir_ = disk_.SyncDir(format::kMsgsDir, checkpoint_rename_);
}

void BlockWriter::Begin(Checkpoint checkpoint, WritePoint point, bool awaits_index) {
  CHECK(!checkpointing());
  awaits_index_ = awaits_index;
  pending_ = std::move(checkpoint);
  pending_point_ = point;
  stage_ = Stage::kWriting;
}

void BlockWriter::GiveIndex(std::vector<IndexPart> parts) {
  if (!awaits_index_) return;
  awaits_index_ = false;
  new_names_ = new_names_ || !parts.empty();
  pending_.index = std::move(parts);
}

bool BlockWriter::AnyIndex() const {
  return (taken_ ? !taken_->index.empty() : inherited_index_) ||
         (checkpointing() && (awaits_index_ || !pending_.index.empty()));
}

namespace {

// The state at record 'number' is in it, and it says that the block may be written anew.
bool Copes(const Checkpoint& checkpoint, uint32_t block, uint64_t number) {
  return checkpoint.number >= number &&
         std::find(checkpoint.unsure.begin(), checkpoint.unsure.end(), block) !=
             checkpoint.unsure.end();
}

}  // namespace

bool BlockWriter::Says(const OtherFile& other) const {
  return taken_ && taken_->other == other && (!checkpointing() || pending_.other == other);
}

bool BlockWriter::MayRename(uint32_t block, uint64_t number) const {
  if (MUTANT(191)) return true;
  if (taken_ ? !taken_->index.empty() && !Copes(*taken_, block, number) : inherited_index_) {
    return false;
  }
  return !checkpointing() || (!awaits_index_ && pending_.index.empty()) ||
         Copes(pending_, block, number);
}

bool BlockWriter::OnCheckpointDisk(const DiskDone& done, StreamIndex* index) {
  if (done.ticket != checkpoint_open_ && done.ticket != checkpoint_write_ &&
      done.ticket != checkpoint_sync_ && done.ticket != checkpoint_close_ &&
      done.ticket != checkpoint_names_ && done.ticket != checkpoint_rename_ &&
      done.ticket != checkpoint_syncdir_) {
    return false;
  }
  if (!done.ok() && done.error != DiskError::kCanceled) {
    Fail("checkpoint", CheckpointPath(""), 0, done);
  }
  // Canceled with the sync: the file is still open.
  if (done.ticket == checkpoint_close_ && done.error == DiskError::kCanceled) {
    checkpoint_close_ = disk_.Close(checkpoint_file_);
  }
  if (done.ticket != checkpoint_syncdir_) return true;
  if (done.ok()) {
    for (const auto& block : index->blocks) {
      if (block->number < pending_.head && block->life == BlockLife::kSealed) {
        block->life = BlockLife::kPassed;
      }
    }
    taken_ = pending_;
    ++takes_;
  }
  stage_ = Stage::kNone;
  return true;
}

bool BlockWriter::OnDisk(const DiskDone& done, StreamIndex* index) {
  if (rewriter_.OnDisk(done, index)) {
    if (!failure_ && !rewriter_.error().empty()) failure_ = rewriter_.error();
    return true;
  }
  if (OnCheckpointDisk(done, index)) return true;
  if (OnDoomedDisk(done)) return true;
  for (size_t i = 0; i < files_.size(); ++i) {
    File& file = *files_[i];
    const std::string name = BlockPath(file.block);
    Block* block = index->ByNumber(file.block);
    if (file.key != nullptr && file.key->OnDisk(done)) {
      if (!failure_ && !file.key->error().empty()) {
        failure_ = "stream '" + codec_->stream() + "', " + file.key->error();
      }
      if (file.key->idle()) file.key.reset();
    } else if (done.ticket == file.open) {
      if (!done.ok()) Fail("open", name, 0, done);
      // A sync that was issued before does not cover it.
      new_names_ = true;
    } else if (done.ticket == file.write) {
      file.write = {};
      CachePool::GiveBuffer(reader_->pool(), std::move(file.bytes));
      if (!done.ok()) {
        if (done.error != DiskError::kCanceled) Fail("write", name, file.write_end, done);
      } else if (block != nullptr) {
        block->written = file.write_end;
        block->points.Forget(block->written);
      }
    } else if (done.ticket == file.sync) {
      file.sync = {};
      if (!done.ok()) {
        Fail("sync", name, file.sync_end, done);
      } else if (block != nullptr) {
        block->synced = file.sync_end;
      }
    } else if (done.ticket == file.close) {
      files_.erase(files_.begin() + static_cast<ptrdiff_t>(i));
    } else {
      continue;
    }
    return true;
  }
  return false;
}

void BlockWriter::CloseIdle(StreamIndex* index) {
  for (const auto& file : files_) {
    if (file->write.value != 0 || file->sync.value != 0 || file->close.value != 0) continue;
    if (file->key != nullptr) continue;
    const Block* block = index->ByNumber(file->block);
    if (block != nullptr && (block->life == BlockLife::kOpen || block->synced < block->raw_bytes)) {
      continue;
    }
    file->close = disk_.Close(file->id, file->writes == 0 ? file->open : DiskTicket{});
  }
}

const Block* BlockWriter::Kept(uint32_t number) const {
  for (const auto& doomed : doomed_) {
    if (doomed.block->number == number) return doomed.block.get();
  }
  return nullptr;
}

void BlockWriter::CloseAll() {
  for (const auto& file : files_) {
    if (file->write.value != 0 || file->sync.value != 0 || file->close.value != 0) continue;
    file->close = disk_.Close(file->id, file->writes == 0 ? file->open : DiskTicket{});
  }
}

void BlockWriter::Drop(std::unique_ptr<Block> block, WritePoint point, Then then) {
  // The checkpoint under way speaks of bytes that will never be written now.
  const bool gathering = stage_ == Stage::kWriting || stage_ == Stage::kSyncing;
  if (gathering && block->synced < Goal(*block)) {
    stage_ = Stage::kNone;
    awaits_index_ = false;
  }
  block->cache.reset();
  block->loading.reset();
  Doomed doomed;
  doomed.block = std::move(block);
  doomed.point = point;
  doomed.then = then;
  doomed_.push_back(std::move(doomed));
}

// Whether a checkpoint that a recovery may start from speaks of the block.
bool BlockWriter::IsNamed(uint32_t block) const {
  const auto names = [&](const Checkpoint& checkpoint) {
    return std::binary_search(checkpoint.blocks.begin(), checkpoint.blocks.end(), block);
  };
  return !taken_ || names(*taken_) || (stage_ != Stage::kNone && names(pending_));
}

bool BlockWriter::Held(const Doomed& doomed) const {
  return doomed.then == Then::kMayBeAsked && doomed.remove.value == 0 && AnyIndex() &&
         IsNamed(doomed.block->number);
}

bool BlockWriter::Dropping(uint32_t block) const {
  return std::any_of(doomed_.begin(), doomed_.end(),
                     [&](const Doomed& doomed) { return doomed.block->number == block; });
}

uint64_t BlockWriter::held_bytes() const {
  uint64_t bytes = 0;
  for (const Doomed& doomed : doomed_) {
    if (Held(doomed)) bytes += doomed.block->raw_bytes;
  }
  return bytes;
}

bool BlockWriter::MayRemove(const Doomed& doomed) {
  const uint32_t number = doomed.block->number;
  // Without its file only a journal that says so, after any power loss, makes the block no loss.
  if (!journal_->SyncCovers(doomed.point) && IsNamed(number)) {
    awaits_journal_ = true;
    return false;
  }
  const bool pinned = number >= keep_first_ && number <= keep_last_;
  const bool rewritten = rewriter_.busy() && rewriter_.block() == number && !MUTANT(158);
  return !pinned && !Held(doomed) && !rewritten && FileOf(number) == nullptr &&
         !reader_->Reading(number);
}

// Some files at a time, however many there are: the first ones that may go.
void BlockWriter::RemoveDoomed() {
  size_t going = 0;
  for (size_t i = 0; i < doomed_.size() && going < limits_.removes_max;) {
    Doomed& doomed = doomed_[i];
    if (!journal_->Covers(doomed.point)) {
      awaits_journal_ = true;
      break;  // Nor does it cover those behind.
    }
    if (doomed.remove.value == 0 && MayRemove(doomed)) {
      if (!doomed.block->has_file) {
        doomed_.erase(doomed_.begin() + static_cast<ptrdiff_t>(i));
        continue;
      }
      doomed.remove = disk_.Remove(BlockPath(doomed.block->number));
    }
    if (doomed.remove.value != 0) ++going;
    ++i;
  }
  RemoveKeys();
}

// A block without its key is damage; a key without its block is a stray. So keys go when it is
// certain that their blocks are gone.
void BlockWriter::RemoveKeys() {
  using Gone = Doomed::Gone;
  bool uncertain = false;
  for (Doomed& doomed : doomed_) {
    if (doomed.gone == Gone::kVisibly) {
      uncertain = true;
      if (gone_.value == 0) doomed.gone = Gone::kSyncing;
    } else if (doomed.gone == Gone::kCertainly && doomed.remove_key.value == 0) {
      doomed.remove_key = disk_.Remove(BlockKeyPath(doomed.block->number));
    }
  }
  if (uncertain && gone_.value == 0) gone_ = disk_.SyncDir(format::kMsgsDir);
}

bool BlockWriter::OnDoomedDisk(const DiskDone& done) {
  if (done.ticket == gone_) {
    gone_ = {};
    if (!done.ok()) Fail("sync", format::kMsgsDir, 0, done);
    for (Doomed& doomed : doomed_) {
      if (doomed.gone == Doomed::Gone::kSyncing) doomed.gone = Doomed::Gone::kCertainly;
    }
    return true;
  }
  for (size_t i = 0; i < doomed_.size(); ++i) {
    Doomed& doomed = doomed_[i];
    if (done.ticket != doomed.remove && done.ticket != doomed.remove_key) continue;
    if (!done.ok() && done.error != DiskError::kNotFound) {
      Fail("remove", BlockPath(doomed.block->number), 0, done);
    }
    doomed.gone = Doomed::Gone::kVisibly;
    if (done.ticket == doomed.remove_key || !doomed.block->has_key) {
      doomed_.erase(doomed_.begin() + static_cast<ptrdiff_t>(i));
    }
    return true;
  }
  return false;
}

bool BlockWriter::quiet() const {
  const auto goes = [&](const Doomed& doomed) { return !Held(doomed); };
  if (std::any_of(doomed_.begin(), doomed_.end(), goes)) return false;
  if (stage_ != Stage::kNone || rewriter_.busy()) return false;
  return std::all_of(files_.begin(), files_.end(), [](const auto& file) {
    return file->write.value == 0 && file->sync.value == 0 && file->close.value == 0;
  });
}

}  // namespace dunlin::file
