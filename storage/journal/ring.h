// The journal's files: which one is written, which come next, which are free; making, zeroing and
// heading them in the background. Knows nothing of what batches mean.
//
// A file is absent (not made yet), free, next (being made ready, or ready), or live. Live ones are
// in order of their ids, the last is the tail, where batches go. A tail that is not ready yet takes
// batches all the same; they wait (IsWritable).
//
// A free file may be overwritten once a batch that no longer counts it among the live is synced:
// else a power loss could bring back a journal that still wants it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/disk.h"
#include "storage/journal/aligned_buffer.h"
#include "storage/journal/format.h"
#include "storage/journal/journal.h"
#include "storage/journal/poison.h"

namespace dunlin::journal {

struct Segment {
  struct Gap {
    uint64_t offset = 0, end = 0;
  };
  enum class Use : uint8_t { kAbsent, kFree, kNext, kLive };
  Use use = Use::kAbsent;
  FileId file;          // Open if not 0.
  uint64_t length = 0;  // Bytes that are allocated.
  uint64_t id = 0;
  uint32_t seed = 0;
  uint32_t alignment = 0;
  bool headed = false;           // The header is on disk.
  bool name_is_durable = false;  // The file's, in the directory.
  bool copyable = true;          // No damage in it but for its gaps.
  bool dirty = false;            // Written to since the last interval sync.
  uint64_t end = kHeaderBytes;   // Where the next batch goes, or would.
  uint64_t last_batch = 0;
  uint64_t reusable_after = 0;  // kFree: batch number.
  std::vector<Gap> gaps;        // What recovery found damaged, and told. In order.
};

class SegmentRing {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kSlotsMax = 1024;

  SegmentRing(const JournalOptions& options, DiskQueue* disk, Poison* poison);

  // --- For recovery.
  std::string NameOf(uint32_t slot) const;
  // The slot of a file's name in the directory, if it is a segment's.
  static std::optional<uint32_t> SlotOf(const std::string& name);
  Segment& Adopt(uint32_t slot);  // A file that exists.
  void SetStore(const Incarnation& store) { store_ = store; }
  const Incarnation& store() const { return store_; }
  void RaiseIds(uint64_t seen) { next_id_ = seen + 1; }
  void AddLive(uint32_t slot);  // In order of ids.
  // What is not live is free at once. 'tail_goes_on': the last live one is written on. A file that
  // was never headed goes: syncing its name may have failed, and no later sync would repair that.
  void Start(bool tail_goes_on);

  // --- Running.
  Segment& operator[](uint32_t slot) { return segments_[slot]; }
  const Segment& operator[](uint32_t slot) const { return segments_[slot]; }
  uint32_t slots() const { return static_cast<uint32_t>(segments_.size()); }
  const std::vector<uint32_t>& live() const { return live_; }
  uint32_t tail() const { return has_tail_ ? live_.back() : kNone; }
  uint64_t head_id() const { return live_.empty() ? next_id_ : segments_[live_.front()].id; }
  uint32_t alignment() const { return alignment_; }

  // Makes the next segment the tail; false if there is none: all are live. On a full disk it is one
  // that cannot be written to until there is room.
  [[nodiscard]] bool Switch();
  // For a start without a tail, when every file is live: one file more than segments_max, for
  // Switch(). It goes as soon as it is not needed.
  void AddExtra();
  // Segments that Switch() could give, one after another.
  uint32_t Available() const;
  // Whether there is one. Asked for each message, so the common answer is a quick one.
  bool AnyAvailable() const {
    return next_ != kNone ? live_.size() < options_.segments_max : Available() > 0;
  }
  // Gives the oldest live one back. REQUIRES: it is not the tail.
  void FreeOldest(uint64_t reusable_after);
  // The number of the batch whose sync something waits for to make progress; 0: none.
  uint64_t AwaitedBatch(uint64_t synced) const;
  // Likewise for the segment that Switch() would give.
  uint64_t SwitchAwaits() const;
  bool IsWritable(uint32_t slot, uint64_t end) const {
    return segments_[slot].headed && segments_[slot].length >= end;
  }

  // Whether it has to get longer first.
  bool LacksRoom(uint32_t slot, uint64_t end) const { return segments_[slot].length < end; }
  // For a start: the last live one takes nothing more.
  void LeaveTail() { has_tail_ = false; }

  // Begins the next piece of background work, if none is under way. A batch waits to be written to
  // 'slot' (kNone: none does) up to 'end'.
  void Pump(uint64_t synced, uint32_t slot, uint64_t end);
  bool OnDisk(const DiskDone& done);
  bool busy() const { return step_ != Step::kIdle || !ignored_.empty(); }
  // The disk is full: no file is made or made longer until RetryGrowth().
  bool growth_failed() const { return growth_failed_; }
  void RetryGrowth() { growth_failed_ = false; }
  // Why the last attempt to make room failed.
  std::string WhyNoGrowth() const { return Describe(growth_error_); }

  void CheckInvariants() const;

 private:
  enum class Step : uint8_t { kIdle, kSpace, kOpen, kSyncDir, kZero, kHeader };
  enum class Urgency : uint8_t { kAhead, kNow };

  uint32_t Choose(uint64_t synced, Urgency urgency) const;
  void Assign(uint32_t slot);
  bool Work(uint32_t slot, uint64_t synced, uint64_t target);
  void RemoveExcess(uint64_t synced);
  void RemoveFile(uint32_t slot);
  void Make(uint32_t slot);
  void Zero(uint32_t slot, uint64_t target);
  void WriteHeader(uint32_t slot);
  void SyncStep(FileId file);
  void OnStep(const DiskDone& done);
  void CannotGrow(DiskError why);

  const JournalOptions& options_;
  DiskQueue* const disk_;
  Poison* const poison_;
  const uint32_t alignment_;
  Incarnation store_;
  std::vector<Segment> segments_;  // By slot; beyond segments_max only what was found.
  std::vector<uint32_t> live_;
  bool has_tail_ = false;
  uint32_t next_ = kNone;
  uint64_t next_id_ = 1;

  Step step_ = Step::kIdle;
  uint32_t working_on_ = kNone;
  uint64_t issued_ = 0;
  DiskTicket ticket_, before_;  // What is waited for, and the write that a sync follows.
  bool growth_failed_ = false;
  DiskError growth_error_ = DiskError::kNoSpace;
  AlignedBuffer zeros_, header_;
  std::vector<DiskTicket> ignored_;  // Of files beyond segments_max, on their way out.
};

}  // namespace dunlin::journal
