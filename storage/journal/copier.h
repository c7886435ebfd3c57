// Copies what a few laggards still need of the oldest segment to the journal's end, so that the
// segment can be given back: reads the segment again, a slice at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/journal/assets.h"
#include "storage/journal/journal.h"
#include "storage/journal/poison.h"
#include "storage/journal/reader.h"
#include "storage/journal/ring.h"
#include "storage/journal/writer.h"

namespace dunlin::journal {

class Copier {
 public:
  Copier(const JournalOptions& options, DiskQueue* disk, SegmentRing* ring, AssetTable* assets,
         Writer* writer, Poison* poison);

  // Begins if space runs low and it is worth it; goes on; ends. Returns true if the oldest segment
  // is needed no more by what it did.
  bool Work();
  bool OnDisk(const DiskDone& done) { return reader_.OnDisk(done); }
  // The oldest segment may not be given back just now: it is being read.
  bool busy() const { return reader_.busy(); }
  // The oldest segment is about to be given back.
  void Cancel() { state_ = State::kIdle; }
  uint64_t copied() const { return copied_; }

 private:
  enum class State : uint8_t { kIdle, kReading };

  bool IsWorthIt() const;
  bool HasRoomFor(uint64_t bytes) const;
  bool CopySlice();
  bool CopyBatch(const Mark& mark, std::span<const uint8_t> records);
  template <class Take>
  void ForEachNeeded(const Mark& mark, std::span<const uint8_t> records, Take take);
  uint32_t OwnerOf(const RecordView& record) const;

  const JournalOptions& options_;
  SegmentRing* const ring_;
  AssetTable* const assets_;
  Writer* const writer_;
  Poison* const poison_;
  Reader reader_;

  State state_ = State::kIdle;
  uint32_t slot_ = SegmentRing::kNone;
  uint64_t at_ = 0;
  std::vector<Incarnation> declared_;  // By the number used in the segment.
  std::vector<uint8_t> scratch_;
  uint64_t copied_ = 0;
};

}  // namespace dunlin::journal
