// FileStore: removing. A removal is decided at once; what its record has to say may come later.
#include <algorithm>
#include <optional>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/store/msg_headers.h"
#include "storage/file/file_store.h"

namespace dunlin::file {

// What has gone, its record being known now, counts no more.
void FileStore::Settle(Block* block, const format::Record& record) {
  block->bytes -= record.bytes;
  index_.bytes -= record.bytes;
  if (block->cut != 0 && record.seq > block->cut) {
    index_.TakeCutFromSubject(record.subject);
    return;  // What else is known of the sequence is another's by now.
  }
  index_.TakeFromSubject(record.subject, record.seq);
  requests_.OnRemoved(record.seq, record.subject);
  if (!ttls_.empty() && !record.header.empty()) {
    const int64_t ttl = MessageTtl(record.header);
    if (ttl > 0) ttls_.Remove({ExpiryOf(record.time, ttl), record.seq});
  }
}

void FileStore::TellRemoved(const format::Record& record) {
  changes_.push_back({.kind = StoreChange::Kind::kRemoved,
                      .seq = record.seq,
                      .msgs = 1,
                      .bytes = record.bytes,
                      .subject = std::string(record.subject)});
}

// Of a removal that was decided before: what a truncate has cut off since may be another's
// sequence.
void FileStore::TellSettled(const Block& block, const format::Record& record) {
  job_.bytes -= std::min<uint64_t>(job_.bytes, record.bytes);  // It is not the job's.
  if (block.cut == 0 || record.seq <= block.cut) return TellRemoved(record);
  changes_.push_back(
      {.kind = StoreChange::Kind::kMany, .msgs = 1, .bytes = record.bytes, .subject = {}});
}

// Nothing lives in the block: what it still counts is of records that could not be read when it was
// paid for them.
static void CountOutUnread(StreamIndex* index, Block* block) {
  if (block->msgs > 0 || !block->unsettled.empty()) return;
  index->bytes -= block->bytes;
  block->bytes = 0;
}

// What was removed and cannot be read counts no more: limits would take others for it. Nor does
// what lives and cannot be read: in the same hole nobody can tell them apart. REQUIRES: it is
// cached, all of it.
void FileStore::RecountBytes(Block* block) {
  if (MUTANT(256)) return;
  slice_ -= static_cast<int>(block->cache->size());
  const uint64_t bytes = std::min(CountReadable(*block).bytes, block->bytes);
  index_.bytes -= block->bytes - bytes;
  block->bytes = bytes;
}

// Pays of what is due for the block as much as the slice has room for. REQUIRES: it is cached, all
// of it. False: some is left.
bool FileStore::SettleBlock(Block* block) {
  if (block->unsettled.empty()) return true;
  std::vector<Seq>& due = block->unsettled;
  size_t paid = 0;
  bool unread = block->holes > 0;
  for (; paid < due.size() && slice_ > 0; ++paid, slice_ -= kRemovalCost) {
    const Seq seq = due[paid];
    format::Record record;
    if (block->cache->Find(seq, &record)) {
      Settle(block, record);
      TellSettled(*block, record);
    } else {
      ++index_.miscounted;
      unread = true;
      Damaged(Where(*block) + "the record of message " + std::to_string(seq) +
              " is damaged; it was removed, and counts of its subject may be one too high");
    }
  }
  index_.unsettled -= paid;
  due.erase(due.begin(), due.begin() + static_cast<ptrdiff_t>(paid));
  if (!due.empty()) {
    Touch();
    return false;
  }
  if (unread) RecountBytes(block);
  CountOutUnread(&index_, block);
  return true;
}

// Takes a live message out of all counts. REQUIRES: it is there.
void FileStore::TakeOut(Block* block, Seq seq) {
  CHECK(block->msgs > 0 && index_.msgs > 0);
  --block->msgs;
  --index_.msgs;
  format::Record record;
  if (block->cache != nullptr && block->cache->Covers(seq) && block->cache->Find(seq, &record)) {
    Settle(block, record);
    if (!replaying_ && !quiet_) TellRemoved(record);
  } else {
    block->unsettled.push_back(seq);
    ++index_.unsettled;
  }
  CountOutUnread(&index_, block);
  block->deleted.Insert(seq);
  if (seq == block->first.seq || block->msgs == 0) AdvanceFirst(block, 0);
}

void FileStore::NextFirst() {
  index_.FindFirst();
  if (index_.msgs == 0 || index_.first.time != WallTime{}) return;
  // By age it goes later than it would: when the next one that can be read does.
  const Block& block = *index_.Find(index_.first.seq);
  if (block.untimed == index_.first.seq) index_.first.time = NotYoungerThan(block, block.untimed);
}

WritePoint FileStore::RemoveOne(Seq seq) {
  Block* block = index_.Find(seq);
  CHECK(block != nullptr && block->Live(seq));
  const bool front = seq == index_.first.seq;
  SeqTime target{seq, block->last.time};
  format::Record record;
  if (block->cache != nullptr && block->cache->Covers(seq) && block->cache->Find(seq, &record)) {
    target.time = record.time;
  }
  TakeOut(block, seq);
  if (front) NextFirst();
  // At the front the floor says it all; elsewhere a tombstone must.
  const WritePoint point =
      front ? AppendJournal(RecordType::kFloor, block->number, 0, {}) : AppendTombstone(target);
  if (block->msgs == 0) DropIfEmpty(block);
  return point;
}

// Whether a tombstone in the block is all that says of some message, in another block, that it is
// deleted, or which sequence was the last.
bool FileStore::Needed(const Block& block) const {
  if (block.tombs.empty() || MUTANT(133)) return false;
  if (block.tombs.Contains(index_.last.seq) && TombEndsStream(index_.last.seq)) return true;
  for (const auto& other : index_.blocks) {
    if (other->number >= block.number) return false;
    const auto target = block.tombs.Next(std::max(other->base, FloorOfTombs()));
    if (target && (*target <= other->last.seq || MayHoldUnread(*other, *target))) return true;
  }
  return false;
}

// What cannot be read now may be read some day: by a device that works, with the right key. Until
// the floor is above all that it can hold, its file stays.
bool FileStore::MayBeReadAgain(const Block& block) const {
  return !block.damage.empty() && BaseBehind(block) > index_.first.seq;
}

// A start, too, appends: what the last life left to be done may be more than the journal's last
// segment has room for. A stop pauses only for a checkpoint of its own, once it has appended so
// much: who else has to make room may have failed.
bool FileStore::Pauses() {
  constexpr uint64_t kStopBytesMax = 4u << 10;
  if (!journal_->MakesRoom()) return false;
  if (phase_ == Phase::kStopping &&
      (stop_ != StopStage::kSettling || bytes_since_checkpoint_ < kStopBytesMax)) {
    return false;
  }
  // The checkpoint that makes room is begun by the next Work().
  if (phase_ == Phase::kStopping && !paused_) Touch();
  paused_ = true;
  return true;
}

void FileStore::DropIfEmpty(Block* block, When when) {
  if (block->life == BlockLife::kOpen || block->msgs > 0 || !block->unsettled.empty() ||
      block->replacing || MayBeReadAgain(*block) || Needed(*block)) {
    return;
  }
  const auto found = std::lower_bound(
      index_.blocks.begin(), index_.blocks.end(), block->number,
      [](const std::unique_ptr<Block>& at, uint32_t number) { return at->number < number; });
  CHECK(found != index_.blocks.end() && found->get() == block);
  // Many may become empty, each in a batch of its own. One that was dropped before needs no room.
  if (when == When::kWithRoom && !block->said_dropped && Pauses()) {
    drops_due_ = true;
    return;
  }
  DropBlock(static_cast<size_t>(found - index_.blocks.begin()));
}

// Some at a time. False: what is left goes with the next call.
bool FileStore::DropEmpty() {
  constexpr int kDropsMax = 256;
  int drops = 0;
  drops_due_ = false;
  // From the front on: what goes makes tombstones behind it needless.
  for (size_t place = 0; place < index_.blocks.size();) {
    const size_t before = index_.blocks.size();
    DropIfEmpty(index_.blocks[place].get());
    if (index_.blocks.size() == before) {
      ++place;
    } else if (++drops == kDropsMax) {
      drops_due_ = true;
      Touch();
      return false;
    }
  }
  return true;
}

void FileStore::DropBlock(size_t place) {
  std::unique_ptr<Block> block = std::move(index_.blocks[place]);
  index_.blocks.erase(index_.blocks.begin() + static_cast<ptrdiff_t>(place));
  const WritePoint point =
      block->said_dropped ? last_point_ : AppendJournal(RecordType::kDropped, block->number, 0, {});
  writer_.Drop(std::move(block), point);
}

// Everything below 'floor' goes; what is not cached leaves debts.
void FileStore::ApplyFloor(Seq floor) {
  floor = std::min(floor, index_.last.seq + 1);
  if (floor <= index_.first.seq) return;
  for (const auto& block : index_.blocks) {
    if (block->first.seq >= floor) {
      if (block->msgs > 0) break;
      continue;
    }
    while (block->msgs > 0 && block->first.seq < floor) TakeOut(block.get(), block->first.seq);
  }
  NextFirst();
}

StoreError FileStore::WhyMissing(Seq seq) const {
  if (seq > index_.last.seq) return StoreError::kEof;
  return seq < State().first_seq ? StoreError::kNotFound : StoreError::kDeleted;
}

StoreResult FileStore::Remove(const Now& now, Seq seq) {
  now_ = now;
  if (const StoreError error = Refusal(); error != StoreError::kNone) return Refused(error);
  if (!index_.Live(seq)) {
    if (MUTANT(140)) failure_ = DescribeStoreError(StoreError::kDeleted);
    return Refused(WhyMissing(seq));
  }
  StoreResult result;
  result.seq = seq;
  result.point = RemoveOne(seq);
  MaybeCheckpoint();
  return result;
}

StoreResult FileStore::SyncDeleted(const Now& now, const std::vector<SeqRange>& ranges) {
  if (const StoreError error = Refusal(); error != StoreError::kNone) return Refused(error);
  now_ = now;
  uint64_t sum = 0;
  for (const SeqRange& range : ranges) sum += range.last - range.first + 1;
  if (MUTANT(152) && sum == State().num_deleted) return {};
  for (const SeqRange& range : ranges) {
    if (range.first > index_.last.seq) break;
    deletions_due_.push_back({range.first, std::min(range.last, index_.last.seq)});
  }
  StoreResult result;
  NewSlice();
  result.point = DeleteSome();
  MaybeCheckpoint();
  return result;
}

// Removes what is there in the ranges that were taken over, as far as the slice goes.
WritePoint FileStore::DeleteSome() {
  WritePoint point;
  while (!deletions_due_.empty()) {
    SeqRange& range = deletions_due_.front();
    const std::optional<Seq> live = NextLive(range.first);
    if (!live || *live > range.last) {
      deletions_due_.pop_front();
      continue;
    }
    range.first = *live;
    if (slice_ <= 0) {
      Touch();
      break;
    }
    // What its records have to say is remembered one by one, in memory.
    if (index_.unsettled >= kDebtsMax) break;
    slice_ -= kRemovalCost;
    point = RemoveOne(*live);
  }
  return point;
}

// The first message at or after 'seq'.
std::optional<Seq> FileStore::NextLive(Seq seq) const {
  for (size_t place = index_.Place(seq); place < index_.blocks.size(); ++place) {
    const Block& block = *index_.blocks[place];
    if (block.msgs == 0) continue;
    const auto live = block.deleted.NextAbsent(std::max(seq, block.first.seq));
    if (live && *live <= block.last.seq) return live;
  }
  return std::nullopt;
}

}  // namespace dunlin::file
