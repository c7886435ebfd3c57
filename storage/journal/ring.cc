#include "storage/journal/ring.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/base/check.h"
#include "engine/base/mutant.h"

namespace dunlin::journal {
namespace {
constexpr size_t kZeroSliceBytes = 1 << 20;
}

SegmentRing::SegmentRing(const JournalOptions& options, DiskQueue* disk, Poison* poison)
    : options_(options),
      disk_(disk),
      poison_(poison),
      alignment_(options.access == Access::kDurableWrites ? kDirectAlignment : kSectorBytes),
      segments_(options.segments_max) {}

std::string SegmentRing::NameOf(uint32_t slot) const {
  return options_.directory + "/" + std::to_string(slot) + ".seg";
}

std::optional<uint32_t> SegmentRing::SlotOf(const std::string& name) {
  uint32_t slot = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, slot);
  if (error != std::errc() || slot >= kSlotsMax || name != std::to_string(slot) + ".seg")
    return std::nullopt;
  return slot;
}

Segment& SegmentRing::Adopt(uint32_t slot) {
  if (slot >= segments_.size()) segments_.resize(slot + 1);
  segments_[slot].use = Segment::Use::kFree;
  return segments_[slot];
}

void SegmentRing::AddLive(uint32_t slot) {
  CHECK(live_.empty() || segments_[live_.back()].id < segments_[slot].id);
  segments_[slot].use = Segment::Use::kLive;
  segments_[slot].headed = true;
  live_.push_back(slot);
}

void SegmentRing::Start(bool tail_goes_on) {
  has_tail_ = tail_goes_on;
  CHECK(!has_tail_ || !live_.empty());
  for (uint32_t slot = 0; slot < segments_.size(); ++slot) {
    Segment& segment = segments_[slot];
    if (segment.use != Segment::Use::kFree || segment.name_is_durable) continue;
    RemoveFile(slot);
  }
}

void SegmentRing::RemoveFile(uint32_t slot) {
  const DiskTicket closed = disk_->Close(segments_[slot].file);
  ignored_.push_back(closed);
  ignored_.push_back(disk_->Remove(NameOf(slot), closed));
  segments_[slot] = {};
}

uint32_t SegmentRing::Available() const {
  uint32_t available = 0;
  for (uint32_t slot = 0; slot < segments_.size(); ++slot) {
    const Segment::Use use = segments_[slot].use;
    if (use == Segment::Use::kNext || (use == Segment::Use::kFree && slot < options_.segments_max))
      ++available;
    if (use == Segment::Use::kAbsent && slot < options_.segments_max && !growth_failed_)
      ++available;
  }
  // Files left over from a larger segments_max still count.
  const auto live = static_cast<uint32_t>(live_.size());
  return std::min(available, options_.segments_max > live ? options_.segments_max - live : 0);
}

uint32_t SegmentRing::Choose(uint64_t synced, Urgency urgency) const {
  uint32_t absent = kNone, waiting = kNone;
  for (uint32_t slot = 0; slot < options_.segments_max; ++slot) {
    const Segment& segment = segments_[slot];
    if (segment.use == Segment::Use::kAbsent && absent == kNone) absent = slot;
    if (segment.use != Segment::Use::kFree) continue;
    if (segment.reusable_after <= synced) return slot;
    if (waiting == kNone || segment.reusable_after < segments_[waiting].reusable_after)
      waiting = slot;
  }
  if (growth_failed_) absent = kNone;
  // What waits, waits for a batch in the tail.
  if (urgency == Urgency::kNow && (has_tail_ || absent == kNone) && waiting != kNone)
    return waiting;
  return absent;
}

void SegmentRing::Assign(uint32_t slot) {
  Segment& segment = segments_[slot];
  segment.use = Segment::Use::kNext;
  segment.id = next_id_++;
  segment.seed = SegmentSeed(store_, segment.id);
  segment.alignment = alignment_;
  segment.headed = false;
  segment.copyable = true;
  segment.gaps.clear();
  segment.end = kHeaderBytes;
  segment.last_batch = 0;
}

uint64_t SegmentRing::SwitchAwaits() const {
  if (next_ != kNone) return 0;
  const uint32_t slot = Choose(0, Urgency::kNow);
  return slot == kNone ? 0 : segments_[slot].reusable_after;
}

void SegmentRing::AddExtra() {
  CHECK(!has_tail_ && next_ == kNone);
  next_ = std::max(slots(), options_.segments_max);
  segments_.resize(next_ + 1);
  Assign(next_);
}

bool SegmentRing::Switch() {
  if (next_ == kNone) {
    // What has no other place waits for the disk's room, and that is asked for once more now.
    if (Available() == 0) RetryGrowth();
    if (Available() == 0) return false;
    next_ = Choose(0, Urgency::kNow);
    if (next_ == kNone) return false;
    Assign(next_);
  }
  segments_[next_].use = Segment::Use::kLive;
  live_.push_back(next_);
  next_ = kNone;
  has_tail_ = true;
  return true;
}

void SegmentRing::FreeOldest(uint64_t reusable_after) {
  CHECK(!live_.empty() && live_.front() != tail());
  const uint32_t slot = live_.front();
  live_.erase(live_.begin());
  Segment& segment = segments_[slot];
  segment.use = Segment::Use::kFree;
  // Mutant 116: overwritten at once.
  segment.reusable_after = MUTANT(116) ? 0 : reusable_after;
}

// Files from a time when more were allowed.
void SegmentRing::RemoveExcess(uint64_t synced) {
  for (uint32_t slot = options_.segments_max; slot < segments_.size(); ++slot) {
    Segment& segment = segments_[slot];
    if (segment.use != Segment::Use::kFree || segment.reusable_after > synced) continue;
    RemoveFile(slot);
  }
}

uint64_t SegmentRing::AwaitedBatch(uint64_t synced) const {
  // Those without a header are the last ones.
  uint64_t awaited = 0;
  for (auto slot = live_.rbegin(); has_tail_ && slot != live_.rend(); ++slot) {
    const Segment& segment = segments_[*slot];
    if (segment.headed) break;
    if (segment.reusable_after > synced) awaited = segment.reusable_after;
  }
  if (awaited != 0) return awaited;
  if (next_ != kNone || Choose(synced, Urgency::kAhead) != kNone) return 0;
  const uint32_t slot = Choose(synced, Urgency::kNow);
  return slot == kNone ? 0 : segments_[slot].reusable_after;
}

void SegmentRing::Pump(uint64_t synced, uint32_t slot, uint64_t end) {
  if (poison_->set()) return;
  RemoveExcess(synced);
  if (step_ != Step::kIdle || !ignored_.empty()) return;
  if (next_ == kNone && Available() > 0) {
    const uint32_t chosen = Choose(synced, Urgency::kAhead);
    // A file is only made when it is likely to be needed.
    const bool soon = !has_tail_ || segments_[tail()].end > options_.segment_bytes / 2;
    if (chosen != kNone && (segments_[chosen].use == Segment::Use::kFree || soon)) {
      Assign(chosen);
      next_ = chosen;
    }
  }
  const uint64_t ahead = options_.prepare_bytes_ahead;
  if (slot != kNone && Work(slot, synced, end + ahead)) return;
  if (has_tail_ && Work(tail(), synced, segments_[tail()].end + ahead)) return;
  if (next_ != kNone) Work(next_, synced, kHeaderBytes + ahead);
}

// True: something was begun.
bool SegmentRing::Work(uint32_t slot, uint64_t synced, uint64_t target) {
  Segment& segment = segments_[slot];
  if (!segment.headed && segment.reusable_after > synced) return false;
  // In steps: a write of zeros for each batch would take the disk as often as the batches do.
  const uint64_t step =
      std::clamp<uint64_t>(options_.prepare_bytes_ahead / 8, kDirectAlignment, kZeroSliceBytes);
  target = std::min(RoundUp(target, step), options_.segment_bytes);
  // A header needs no room.
  const bool grows =
      segment.file.value == 0 || segment.length < (segment.headed ? target : kHeaderBytes);
  if (grows && growth_failed_) return false;
  if (segment.file.value == 0) {
    step_ = Step::kSpace;
    ticket_ = disk_->FreeSpace();
  } else if (segment.length < kHeaderBytes) {
    Zero(slot, target);
  } else if (!segment.headed) {
    WriteHeader(slot);
  } else if (segment.length < target) {
    Zero(slot, target);
  } else {
    return false;
  }
  working_on_ = slot;
  return true;
}

void SegmentRing::Make(uint32_t slot) {
  Segment& segment = segments_[slot];
  segment.file = disk_->NewFile();
  segment.length = 0;
  step_ = Step::kOpen;
  ticket_ = disk_->Open(segment.file, NameOf(slot), options_.access, Creation::kIfMissing);
}

void SegmentRing::Zero(uint32_t slot, uint64_t target) {
  Segment& segment = segments_[slot];
  target = std::max<uint64_t>(RoundUp(target, kDirectAlignment), kHeaderBytes);
  issued_ = std::min<uint64_t>(target - segment.length, kZeroSliceBytes);
  if (zeros_.capacity() < issued_) {
    zeros_.Grow(issued_, 0);
    std::memset(zeros_.data(), 0, zeros_.capacity());
  }
  step_ = Step::kZero;
  ticket_ = disk_->Write(segment.file, segment.length, zeros_.data(), issued_);
  // So that the file's new length is not an affair of the first batch's sync.
  if (options_.sync == JournalOptions::Sync::kAlways) SyncStep(segment.file);
}

// The step ends with a sync, where writes are not durable by themselves.
void SegmentRing::SyncStep(FileId file) {
  if (options_.access == Access::kDurableWrites) return;
  before_ = ticket_;
  ticket_ = disk_->Sync(file, before_);
}

void SegmentRing::WriteHeader(uint32_t slot) {
  Segment& segment = segments_[slot];
  header_.Grow(kHeaderBytes, 0);
  SegmentHeader header;
  header.id = segment.id;
  header.store = store_;
  header.segment_bytes = options_.segment_bytes;
  header.alignment = alignment_;
  header.encrypted = options_.cipher != nullptr;
  if (header.encrypted)
    options_.cipher->Seal({store_, segment.id, 0, 0}, {}, {}, header.key_check.data());
  EncodeHeader(header, header_.data());
  step_ = Step::kHeader;
  ticket_ = disk_->Write(segment.file, 0, header_.data(), kHeaderBytes);
  // Batches are only written behind a header that is durable: one without a header is rot.
  SyncStep(segment.file);
}

bool SegmentRing::OnDisk(const DiskDone& done) {
  if (std::erase(ignored_, done.ticket) > 0) return true;
  if (step_ == Step::kIdle) return false;
  if (before_.value != 0 && done.ticket == before_) {
    before_ = {};  // If it failed, so does the sync behind it: with words that say less.
    if (!done.ok() && done.error != DiskError::kNoSpace)
      poison_->Set("preparing " + NameOf(working_on_), done);
    return true;
  }
  if (done.ticket != ticket_) return false;
  OnStep(done);
  return true;
}

void SegmentRing::OnStep(const DiskDone& done) {
  Segment& segment = segments_[working_on_];
  const Step step = step_;
  step_ = Step::kIdle;
  ticket_ = {};
  if (before_.value != 0) ignored_.push_back(before_);
  before_ = {};
  if (!done.ok()) {
    // For want of a descriptor a file is made later, too.
    const bool no_file =
        done.error == DiskError::kTooManyFiles && (step == Step::kOpen || step == Step::kSyncDir);
    const bool no_room =
        no_file || done.error == DiskError::kNoSpace || done.error == DiskError::kCanceled;
    // A sync that finds no room may have dropped what was written before: see disk.h.
    const bool synced_apart =
        options_.access != Access::kDurableWrites && options_.sync == JournalOptions::Sync::kAlways;
    const bool wrote_nothing =
        step == Step::kZero && !(synced_apart && done.error == DiskError::kNoSpace);
    const bool holds_something = segment.use == Segment::Use::kLive && segment.headed;
    if (no_room && (wrote_nothing || !holds_something) && step != Step::kHeader)
      return CannotGrow(no_file ? done.error : DiskError::kNoSpace);
    poison_->Set("preparing " + NameOf(working_on_), done);
    return;
  }
  switch (step) {
    case Step::kSpace:
      if (done.size < options_.segment_bytes) return CannotGrow(DiskError::kNoSpace);
      Make(working_on_);
      return;
    case Step::kOpen:
      segment.length =
          std::min(done.size / kDirectAlignment * kDirectAlignment, options_.segment_bytes);
      step_ = Step::kSyncDir;
      ticket_ = disk_->SyncDir(options_.directory);
      return;
    case Step::kZero:
      segment.length += issued_;
      if (segment.length >= options_.segment_bytes && Available() == 0) zeros_.Free();
      return;
    case Step::kHeader: segment.headed = true; return;
    case Step::kSyncDir: segment.name_is_durable = true; return;
    case Step::kIdle: return;
  }
}

// Nothing is lost by it. A file that holds nothing yet is made anew after RetryGrowth().
void SegmentRing::CannotGrow(DiskError why) {
  Segment& segment = segments_[working_on_];
  growth_failed_ = true;
  growth_error_ = why;
  if (segment.use == Segment::Use::kLive && segment.headed) return;
  if (segment.file.value != 0) ignored_.push_back(disk_->Close(segment.file));
  segment.file = {};
  segment.length = 0;
  if (segment.use == Segment::Use::kNext) {
    segment.use = Segment::Use::kAbsent;
    next_ = kNone;
  }
}

void SegmentRing::CheckInvariants() const {
  for (size_t i = 1; i < live_.size(); ++i)
    CHECK(segments_[live_[i - 1]].id < segments_[live_[i]].id);
  for (const uint32_t slot : live_) CHECK(segments_[slot].use == Segment::Use::kLive);
  CHECK(next_ == kNone || segments_[next_].use == Segment::Use::kNext);
  if (next_ != kNone && !live_.empty()) CHECK(segments_[next_].id > segments_[live_.back()].id);
}

}  // namespace dunlin::journal
