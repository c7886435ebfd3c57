// FileStore: blocks written anew, without what is dead in them, compressed if that is wished for.
//
// Only blocks that a checkpoint has passed: whole files that are not appended to. The new file
// takes the old one's name once it is synced, and once no power loss can bring back a state in
// which something lives that it leaves out. So at any time there is one or the other, and either
// has all that lives.
#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/file/file_store.h"

namespace dunlin::file {

// What is below says itself that it is dead. After a clean stop nothing does: there is no floor.
Seq FileStore::FloorOfTombs() const {
  return phase_ == Phase::kStopping && !MUTANT(159) ? 0 : index_.first.seq;
}

// After a clean stop, that the last sequence was used: if its message is gone, a tombstone is all
// that says so.
bool FileStore::TombEndsStream(Seq target) const {
  return phase_ == Phase::kStopping && target == index_.last.seq && !index_.Live(target);
}

// Whether a tombstone in the block, for this sequence, still says something: some other block may
// hold that message.
bool FileStore::TombNeeded(const Block& block, Seq target) const {
  if (TombEndsStream(target)) return true;
  if (target < FloorOfTombs()) return false;
  const Block* other = index_.Find(target);
  if (other != nullptr && other->number < block.number && other->base <= target) return true;
  return any_unread_ &&
         std::any_of(index_.blocks.begin(), index_.blocks.end(), [&](const auto& unread) {
           return unread->number < block.number && MayHoldUnread(*unread, target);
         });
}

// The block could not be read when the store was opened: nobody knows what is in it, up to where
// the next one begins. Some day it may be read.
bool FileStore::MayHoldUnread(const Block& block, Seq seq) const {
  return !block.damage.empty() && block.raw_bytes == 0 && seq >= block.base &&
         seq < BaseBehind(block);
}

Seq FileStore::BaseBehind(const Block& block) const {
  const auto next = std::upper_bound(
      index_.blocks.begin(), index_.blocks.end(), block.number,
      [](uint32_t number, const std::unique_ptr<Block>& at) { return number < at->number; });
  return next == index_.blocks.end() ? UINT64_MAX : (*next)->base;
}

void FileStore::BeginGathering(const Block& block) {
  gathering_ = {};
  gathering_.block = block.number;
  gathering_.bytes = block.bytes;
  gathering_.cut = block.cut;
  gathering_.plain.reserve(block.raw_bytes);
}

// Looks through some of the block for what remains of it. What goes meanwhile, from what was looked
// at before, stays in the new file, as dead as in the old one. True: that was all.
bool FileStore::GatherSome(const Block& block) {
  Gathering& done = gathering_;
  const uint64_t stop = done.at + options_.limits.reader.index_bytes_per_slice;
  while (done.at < block.cache->end()) {
    if (slice_-- <= 0 || done.at >= stop) return false;
    const auto& holes = block.cache->holes();
    if (done.hole < holes.size() && holes[done.hole].begin == done.at) {
      done.at = holes[done.hole++].end;
      continue;
    }
    format::Record record;
    const std::string_view bytes = block.cache->BytesFrom(done.at);
    CHECK(format::DecodeRecord(bytes, 0, nullptr, &record) == format::RecordDamage::kNone);
    bool keep = false;
    if (record.kind == format::RecordKind::kMessage) {
      keep = record.seq >= index_.first.seq && block.Live(record.seq);
      if (keep) done.top = record.seq;
    } else if (record.kind == format::RecordKind::kTombstone) {
      keep = (block.cut == 0 || record.seq <= block.cut) && TombNeeded(block, record.seq) &&
             !MUTANT(144);
      if (keep) done.tombs.Insert(record.seq);
    }
    if (keep) done.plain.append(bytes.substr(0, record.bytes));
    done.at += record.bytes;
  }
  // The one in the middle of its tombstones.
  for (; done.passed < (done.tombs.size() + 1) / 2; ++done.passed) {
    if (slice_-- <= 0) return false;
    done.middle = *done.tombs.Next(done.passed == 0 ? 0 : done.middle + 1);
  }
  return true;
}

bool FileStore::WantsRewrite(const Block& block) const {
  if (block.life != BlockLife::kPassed) return false;
  if (block.raw_bytes == 0 || !block.damage.empty() || block.holes > 0) return false;
  if (block.cut != 0 || block.erase) return true;
  if (phase_ == Phase::kStopping) return false;  // The rest can wait for the next life.
  if (!codec_.Current(block)) return true;
  // What is needed of a block may be its tombstones: then it gets no smaller by trying again.
  const bool sparse = block.bytes * 2 < block.raw_bytes &&
                      (block.bytes != block.rewritten_at || index_.first.seq > block.rewrite_past);
  const bool compress =
      options_.config.compression == StoreCompression::kS2 && !block.compressed && block.msgs > 0;
  return sparse || compress;
}

// Whether any recovery from now on has all records up to 'number', appended at 'point', in its
// state: a power loss takes neither a journal that is synced nor a checkpoint. What cannot be taken
// back by reading the journal again, waits for this.
bool FileStore::IsKept(WritePoint point, uint64_t number) const {
  return journal_->SyncCovers(point) || (writer_.taken() && writer_.taken()->number >= number);
}

// A checkpoint says how long the block's file is. So before another one takes the name, either the
// last checkpoint says how long that is, or a record behind it does. True: it is said.
bool FileStore::SayRewritten() {
  const BlockRewriter& rewriter = writer_.rewriter();
  const OtherFile other{rewriter.block(), rewriter.file_bytes()};
  if (rewrite_said_ || writer_.Says(other) || MUTANT(179)) return true;
  // A stop leaves nothing in the journal that is not in its checkpoint.
  if (phase_ != Phase::kRunning || Pauses()) return false;
  rewrite_point_ = AppendJournal(RecordType::kRewritten, other.block, other.bytes, {});
  rewrite_kept_ = record_number_;
  return rewrite_said_ = true;
}

void FileStore::FinishRewrite() {
  BlockRewriter& rewriter = writer_.rewriter();
  if (rewriter.packing()) {
    rewriter.Pack();
    return Touch();
  }
  if (!rewriter.ready()) return;
  Block* block = index_.ByNumber(rewriter.block());
  if (block == nullptr) return rewriter.Abandon(nullptr);
  const bool copes = writer_.MayRename(block->number, rewrite_number_);
  // The next checkpoint will say that the block is unsure.
  if (!copes && phase_ == Phase::kRunning) WantCheckpoint();
  if (copes && SayRewritten() && IsKept(rewrite_point_, rewrite_kept_)) {
    if (!reader_.Reading(block->number)) rewriter.Name(block);
  } else if (phase_ == Phase::kStopping && stop_ == StopStage::kSettling) {
    rewriter.Abandon(block);
  } else if (phase_ == Phase::kStopping && !writer_.checkpointing()) {
    BeginCheckpoint();  // It speaks of the new file, too.
  }
}

void FileStore::MaybeRewrite() {
  if (writer_.rewriter().busy()) return FinishRewrite();
  if (job_.active() || (pinned_.wanted && !pinned_.ready)) return;
  if (gathering_.block != 0) {
    Block* begun = index_.ByNumber(gathering_.block);
    if (begun != nullptr && WantsRewrite(*begun) && !pinned_.Needs(begun->number)) {
      return Rewrite(begun);
    }
    gathering_ = {};
  }
  for (const auto& block : index_.blocks) {
    if (WantsRewrite(*block) && !pinned_.Needs(block->number)) return Rewrite(block.get());
  }
}

// Goes on with the block's new file.
void FileStore::Rewrite(Block* block) {
  if (Pauses()) return;  // What comes of it takes room in the journal.
  std::string why;
  const BlockReader::Got got = Need(block, 0, &why);
  if (got == BlockReader::Got::kMore) Touch();
  // By this it may have been found damaged: what of it can be read stays where it is.
  if (got == BlockReader::Got::kDamaged || !WantsRewrite(*block)) {
    gathering_ = {};
    return Touch();
  }
  if (got != BlockReader::Got::kHere || !SettleBlock(block)) return;
  if (gathering_.block == 0) BeginGathering(*block);
  if (!GatherSome(*block)) return Touch();
  Gathering done = std::move(gathering_);
  gathering_ = {};
  block->rewritten_at = done.bytes;
  block->rewrite_past = done.middle;
  // One that holds nothing any more goes, by DropIfEmpty(), unless the last sequence is only here.
  if (done.plain.empty()) {
    block->tombs.Clear();
    block->cut = 0;
    block->erase = false;
    return DropIfEmpty(block, When::kNow);
  }
  // A checkpoint of this very record may still owe what was paid before this, and what is now left
  // out: it is not to pass for one that knows better. (That of a stop owes nothing.)
  if (begun_number_ == record_number_ && phase_ == Phase::kRunning && !MUTANT(198)) {
    AppendFloor(index_.first.seq);
  }
  rewrite_point_ = last_point_;
  rewrite_number_ = rewrite_kept_ = record_number_;
  rewrite_said_ = false;
  const bool compress = options_.config.compression == StoreCompression::kS2;
  writer_.rewriter().Begin(
      block, {std::move(done.plain), done.top, std::move(done.tombs), done.cut}, compress);
  block->erase = done.erased;
  Touch();
}

StoreResult FileStore::Erase(const Now& now, Seq seq) {
  const uint32_t number = index_.Live(seq) ? index_.Find(seq)->number : 0;
  StoreResult result = Remove(now, seq);
  if (!result.ok()) return result;
  if (Block* block = index_.ByNumber(number); block != nullptr) {
    result.point = AppendJournal(RecordType::kErase, number, 0, {});
    EraseIn(block);
  }
  return result;
}

// The record is overwritten by a rewrite of its block, as soon as a checkpoint allows it.
void FileStore::EraseIn(Block* block) {
  block->erase = true;
  if (gathering_.block == block->number) gathering_.erased = true;
  if (block->life == BlockLife::kOpen) block->life = BlockLife::kSealed;
  checkpoint_wanted_ = true;
}

}  // namespace dunlin::file
