// FileStore: limits, age, and the debts that wait for blocks.
#include <algorithm>
#include <iterator>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/file/file_store.h"

namespace dunlin::file {
// The oldest message goes by a limit, or by age. One floor record does for all that go so in a
// step: MaybeCheckpoint(). If its block is not cached that leaves a debt.
void FileStore::DropFront() {
  Block* block = index_.Find(index_.first.seq);
  CHECK(block != nullptr);
  TakeOut(block, index_.first.seq);
  NextFirst();
  floor_due_ = true;
  Touch();
  if (block->msgs == 0) DropIfEmpty(block);
}

void FileStore::EnforceLimits() {
  const StoreConfig& config = options_.config;
  limits_due_ = false;
  if (config.discard != DiscardPolicy::kOld || replaying_) return;
  while (index_.msgs > 0) {
    const bool too_many =
        config.max_msgs > 0 && index_.msgs > static_cast<uint64_t>(config.max_msgs);
    const bool over = too_many || (config.max_bytes > 0 &&
                                   index_.bytes > static_cast<uint64_t>(config.max_bytes));
    if (!over) return;
    // What a subject's own limit takes may be room enough. A start looks at all subjects first: the
    // last life may have ended between the two. (A limit that is lowered is enforced as the
    // reference does it, which lets the first ones go first.)
    if (!subjects_due_.empty() || (sweep_.active() && phase_ == Phase::kStarting)) {
      limits_due_ = true;
      return;
    }
    // How many go is known at once: what their records have to say is a debt, if there are not too
    // many. So a change that comes next finds the limit kept, whether or not a block was in memory.
    if (too_many && slice_ > 0 && index_.unsettled < kDebtsMax) {
      slice_ -= kRemovalCost;
      DropFront();
      continue;
    }
    std::string why;
    Block* block = index_.Find(index_.first.seq);
    const BlockReader::Got got = Need(block, index_.first.seq, &why);
    if (slice_ <= 0 || index_.unsettled > 0 || got == BlockReader::Got::kMore ||
        got == BlockReader::Got::kWait || got == BlockReader::Got::kFailed) {
      limits_due_ = true;
      if (slice_ <= 0 || got == BlockReader::Got::kMore) Touch();
      return;
    }
    slice_ -= kRemovalCost;
    DropFront();
    if (got == BlockReader::Got::kDamaged) Forfeit(block);
  }
}

// What the store needs for itself. Where a request would fail, this waits: a process that has no
// file to spare is not asked for one in each step.
BlockReader::Got FileStore::Need(Block* block, Seq seq, std::string* why) {
  if (read_again_ && !BlockReader::Has(*block, seq)) return BlockReader::Got::kWait;
  const BlockReader::Got got = reader_.Need(block, seq, why);
  if (got != BlockReader::Got::kFailed) return got;
  if (!reader_.starved()) {
    Touch();  // Nothing is under way that would call; a few more attempts, and it is damaged.
    return got;
  }
  RestReading();
  return BlockReader::Got::kWait;
}

void FileStore::RestReading() {
  constexpr Duration kRest = Seconds(1);  // As the journal's, when there is no room.
  if (read_again_) return;
  read_again_ = now_.mono + kRest;
  Touch();  // Its owner asks for the deadline.
}

void FileStore::EndRest() {
  if (!read_again_ || now_.mono < *read_again_) return;
  read_again_.reset();
  waiting_ = false;
  ready_ = true;
}

FileStore::Found FileStore::FirstOfSubject(std::string_view subject, Seq* seq) {
  SubjectInfo* info = index_.subjects.Find(subject);
  if (info == nullptr) return Found::kNo;
  const auto starts_at = [info](Seq seq) {
    if (seq == info->first) return;
    info->first = seq;
    info->first_exact = false;
  };
  starts_at(std::max(Seq{info->first}, index_.first.seq));  // A copy: it is packed.
  for (size_t place = index_.Place(info->first); place < index_.blocks.size(); ++place) {
    Block* block = index_.blocks[place].get();
    if (block->msgs == 0) continue;
    const Seq from = std::max(Seq{info->first}, block->first.seq);
    std::string why;
    switch (Need(block, from, &why)) {
      case BlockReader::Got::kHere: break;
      case BlockReader::Got::kMore:  // A piece of it was looked through.
        slice_ -= options_.limits.records_per_slice;
        return Found::kMore;
      case BlockReader::Got::kFailed:
      case BlockReader::Got::kWait: return Found::kWait;
      case BlockReader::Got::kDamaged: return Found::kFailed;
    }
    const BlockCache& cache = *block->cache;
    for (size_t i = cache.IndexAt(from); i < cache.size(); ++i) {
      const Seq at = cache.SeqAt(i);
      if (at > block->last.seq) break;  // Cut off: the sequences are used again, by a later block.
      starts_at(at);                    // So far nothing was found: the search goes on here.
      if (slice_-- <= 0) return Found::kMore;
      if (!block->Live(at) || cache.At(i).subject != subject) continue;
      info->first_exact = true;
      *seq = at;
      return Found::kYes;
    }
    starts_at(block->last.seq + 1);
  }
  return Found::kNo;
}

void FileStore::NoteSubjectMax() {
  const int64_t max = options_.config.max_msgs_per_subject;
  subject_max_ = std::max(subject_max_, max > 0 ? static_cast<uint64_t>(max) : UINT64_MAX);
}

// For sure: what is counted and not there, or cannot be read, takes no message that is. (Of those
// that cannot be read a subject has no more than the limit let it have, when that was highest.)
bool FileStore::IsAboveLimit(uint64_t msgs) const {
  if (options_.config.max_msgs_per_subject <= 0) return false;
  const auto max = static_cast<uint64_t>(options_.config.max_msgs_per_subject);
  const uint64_t unreadable = MUTANT(254) ? 0 : std::min(reader_.unreadable(), subject_max_);
  return msgs > max + index_.miscounted + unreadable;
}

void FileStore::EnforceSubject(std::string_view subject, When when) {
  if (replaying_) return;
  const std::string name(subject);
  for (;;) {
    const SubjectInfo* info = index_.subjects.Find(name);
    if (info == nullptr || !IsAboveLimit(info->total)) return;
    Seq oldest = 0;
    const uint64_t unreadable = reader_.unreadable();
    const bool waits = index_.unsettled > 0 || (when == When::kWithRoom && Pauses());
    const Found found = waits         ? Found::kWait
                        : slice_ <= 0 ? Found::kMore
                                      : FirstOfSubject(name, &oldest);
    if (reader_.unreadable() > unreadable) continue;  // Found on the way.
    if (found == Found::kYes) {
      slice_ -= kRemovalCost;
      RemoveOne(oldest);
      continue;
    }
    // What cannot be read stays, above the limit: never a message that might be another one.
    if (found == Found::kWait || found == Found::kMore) subjects_due_.push_back(name);
    if (found == Found::kMore) Touch();
    return;
  }
}

// The block cannot be read: what is due for it is written off, and nobody knows how many bytes are
// of what is left, but for what is in memory.
void FileStore::Forfeit(Block* block) {
  if (index_.ByNumber(block->number) != block) return;
  index_.unsettled -= block->unsettled.size();
  index_.miscounted += block->unsettled.size();
  if (block->msgs == 0 || !MUTANT(256)) {
    const uint64_t known = block->cache == nullptr ? 0 : CountReadable(*block).bytes;
    const uint64_t bytes = std::min(known, block->bytes);
    index_.bytes -= block->bytes - bytes;
    block->bytes = bytes;
  }
  block->unsettled.clear();
  if (block->msgs == 0) DropIfEmpty(block);
}

void FileStore::TimeFirst() {
  if (!FirstIsUntimed()) return;
  const Seq seq = index_.first.seq;
  Block* block = index_.Find(seq);
  std::string why;
  format::Record record;
  const BlockReader::Got got = Need(block, seq, &why);
  if (got == BlockReader::Got::kHere && block->cache->Find(seq, &record)) {
    block->first.time = index_.first.time = record.time;
  }
  if (index_.first.time != WallTime{} || MUTANT(221)) return;
  if (got == BlockReader::Got::kHere || got == BlockReader::Got::kDamaged) block->untimed = seq;
  NextFirst();
}

void FileStore::PayDebts() {
  for (size_t place = 0; index_.unsettled > 0 && place < index_.blocks.size();) {
    if (slice_ <= 0) return Touch();
    Block* block = index_.blocks[place].get();
    std::string why;
    const size_t count = index_.blocks.size();
    if (!block->unsettled.empty()) {
      switch (Need(block, 0, &why)) {
        case BlockReader::Got::kHere:
          SettleBlock(block);
          DropIfEmpty(block);
          break;
        case BlockReader::Got::kMore:  // A piece of it was looked through.
          slice_ -= options_.limits.records_per_slice;
          Touch();
          break;
        case BlockReader::Got::kFailed: Touch(); break;
        case BlockReader::Got::kWait: break;
        case BlockReader::Got::kDamaged: Forfeit(block); break;
      }
    }
    if (index_.blocks.size() == count) ++place;
  }
  TimeFirst();
  if (index_.unsettled > 0) return;
  std::vector<std::string> due = std::move(subjects_due_);
  subjects_due_.clear();
  size_t done = 0;
  for (; done < due.size() && slice_ > 0; ++done) EnforceSubject(due[done], When::kWithRoom);
  if (done < due.size()) Touch();
  std::move(due.begin() + static_cast<ptrdiff_t>(done), due.end(),
            std::back_inserter(subjects_due_));
  if (limits_due_) EnforceLimits();
}

}  // namespace dunlin::file
