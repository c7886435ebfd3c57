// FileStore: a clean stop, after which the directory is the reference's.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/file/file_store.h"
#include "storage/format/file_names.h"

namespace dunlin::file {

void FileStore::Stop(const Now& now) {
  Touch();
  now_ = now;
  Unpin();
  if ((phase_ == Phase::kOpening || phase_ == Phase::kScanned || phase_ == Phase::kStarting) &&
      !failure_) {
    // What it has from the journal, or has begun to make, is to be in its files first.
    stop_wanted_ = !MUTANT(176);
    if (stop_wanted_) return;
  }
  if (phase_ != Phase::kRunning || failure_) {
    phase_ = Phase::kStopped;
    return;
  }
  CHECK(!job_.active());
  gathering_ = {};  // From now on more tombstones are needed: TombNeeded().
  phase_ = Phase::kStopping;
  stop_ = StopStage::kSettling;
  stop_floor_ = 0;
}

// What the journal knew and blocks do not say: which messages at the front are gone, and the last
// sequence. Tombstones say it to everybody. True: done.
bool FileStore::LeaveTombstones() {
  if (std::exchange(stop_floor_, index_.first.seq) != index_.first.seq) stop_looked_ = stop_at_ = 0;
  for (size_t place = 0; place < index_.blocks.size(); ++place) {  // There may be more meanwhile.
    Block* const block = index_.blocks[place].get();
    if (block->base >= index_.first.seq) break;
    // Each is read once: they need not all be in memory.
    if (block->raw_bytes == 0 || (block->number < stop_looked_ && !MUTANT(258))) continue;
    std::string why;
    switch (Need(block, 0, &why)) {
      case BlockReader::Got::kHere: break;
      case BlockReader::Got::kDamaged: continue;
      case BlockReader::Got::kFailed:
      case BlockReader::Got::kMore: Touch(); return false;
      case BlockReader::Got::kWait: return false;
    }
    const Seq from = std::max(block->base, stop_at_);
    std::vector<const SeqSet*> said;
    for (const auto& other : index_.blocks) {
      const auto target = other->tombs.Next(from);
      if (target && *target < index_.first.seq) said.push_back(&other->tombs);
    }
    const BlockCache& cache = *block->cache;
    for (size_t i = cache.IndexAt(from); i < cache.size() && cache.SeqAt(i) < index_.first.seq;
         ++i) {
      stop_at_ = cache.SeqAt(i);
      if (slice_-- <= 0) {
        Touch();
        return false;
      }
      if (std::any_of(said.begin(), said.end(),
                      [&](const SeqSet* tombs) { return tombs->Contains(stop_at_); }))
        continue;
      if (Pauses()) return false;
      AppendTombstone({stop_at_, cache.At(i).time});
    }
    stop_at_ = 0;
    stop_looked_ = block->number + 1;
  }
  const bool said = std::any_of(index_.blocks.begin(), index_.blocks.end(), [&](const auto& block) {
    return block->tombs.Contains(index_.last.seq);
  });
  const bool wanted = index_.last.seq > 0 ? !index_.Live(index_.last.seq) : purged_;
  if (wanted && !said && !MUTANT(134)) AppendTombstone(index_.last);
  return true;
}

// In a full journal: what has been appended so far is in a checkpoint before there is more.
bool FileStore::MakesRoomToSettle() {
  if (!paused_) return false;
  if (writer_.checkpointing()) return true;
  if (bytes_since_checkpoint_ > 0) {
    bytes_since_checkpoint_ = 0;
    BeginCheckpoint();
    return true;
  }
  paused_ = waiting_ = false;
  Touch();
  return false;
}

void FileStore::WorkStopping() {
  if (stop_ == StopStage::kSettling && MakesRoomToSettle()) return;
  if (stop_ == StopStage::kSettling) {
    if (writer_.rewriter().busy()) return FinishRewrite();
    // What goes later would go without a tombstone, and be there again.
    if (index_.unsettled > 0 || !subjects_due_.empty() || !deletions_due_.empty() || limits_due_ ||
        sweep_.active() || writer_.checkpointing() || (!MetaDurable() && !meta_waits_)) {
      return;
    }
    if (!LeaveTombstones()) return;
    (void)DropEmpty();
    if (drops_due_) return;
    if (Block* head = index_.head(); head != nullptr && head->life == BlockLife::kOpen) {
      head->life = BlockLife::kSealed;
    }
    if (!MUTANT(142)) BeginCheckpoint();
    stop_ = StopStage::kCheckpoint;
    return;
  }
  if (stop_ == StopStage::kCheckpoint && writer_.rewriter().busy()) return FinishRewrite();
  if (stop_ == StopStage::kCheckpoint && !writer_.checkpointing() && writer_.idle()) {
    if (!MUTANT(142) && (!writer_.taken() || writer_.taken()->number < record_number_)) {
      return BeginCheckpoint();
    }
    if (!MetaDurable()) return;  // It waited for this checkpoint.
    const auto any = [&](auto what) {
      return std::any_of(index_.blocks.begin(), index_.blocks.end(),
                         [&](const auto& block) { return what(*block); });
    };
    if (any([&](const Block& block) { return WantsRewrite(block); })) return MaybeRewrite();
    // A cut block that cannot be written anew needs the checkpoint to say so.
    if (any([](const Block& block) { return block.cut != 0; })) {
      phase_ = Phase::kStopped;
      return;
    }
    stop_ = StopStage::kIndex;
  }
  if (stop_ == StopStage::kParts && !chain_.removing()) phase_ = Phase::kStopped;
  if (stop_ == StopStage::kIndex && !chain_.busy() && WriteIndex()) {
    // Before the checkpoint goes: who finds none, and records, is to know that none is missing.
    stop_point_ = journal_->AppendStopped();
    stop_ = StopStage::kSaying;
  }
  if (stop_ == StopStage::kSaying && journal_->SyncCovers(stop_point_)) {
    // Without the checkpoint every file counts that has a name: what was removed and renamed must
    // be so for good before the checkpoint goes.
    const std::string path = std::string(format::kMsgsDir).append("/").append(kCheckpointFile);
    stop_names_ = disk_.SyncDir(format::kMsgsDir);
    stop_remove_ = disk_.Remove(path, stop_names_);
    stop_sync_ = disk_.SyncDir(format::kMsgsDir, stop_remove_);
    stop_ = StopStage::kNaming;
  }
}

bool FileStore::OnStopDisk(const DiskDone& done) {
  if (done.ticket != stop_names_ && done.ticket != stop_remove_ && done.ticket != stop_sync_) {
    return false;
  }
  if (!done.ok() && done.error != DiskError::kCanceled) {
    failure_ = "stream '" + options_.config.name +
               "', checkpoint, offset 0: remove: " + Describe(done.error);
  }
  if (done.ticket != stop_sync_) return true;
  // Not for good, it may be: if it comes back, so must what it names.
  if (failure_ && !MUTANT(255)) {
    phase_ = Phase::kStopped;
    return true;
  }
  // Without a checkpoint these are strays, to anybody.
  chain_.RemoveAll();
  stop_ = StopStage::kParts;
  Touch();
  return true;
}

}  // namespace dunlin::file
