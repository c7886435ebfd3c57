// Gathers records into batches, writes them, and knows what is durable.
//
// The batch being gathered is bound to its place (segment, offset) when its first record comes, so
// that checksums can be made at once, while the bytes are in the cache. Sealed batches wait in
// order for the disk: for their turn (depth), and for their segment to be ready.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "storage/disk.h"
#include "storage/journal/aligned_buffer.h"
#include "storage/journal/assets.h"
#include "storage/journal/format.h"
#include "storage/journal/journal.h"
#include "storage/journal/poison.h"
#include "storage/journal/ring.h"

namespace dunlin::journal {

class Writer {
 public:
  // A batch that has grown to this size is sealed at the next record, whatever is in flight.
  static constexpr size_t kBatchBytes = 8u << 20;

  struct Life {
    uint64_t number = 0;  // Of its first batch.
    uint64_t last = 0;    // The batch that this one follows; 0: none.
    uint64_t id = 0;
  };
  struct Place {
    uint64_t batch = 0;
    uint32_t index = 0;
  };

  Writer(const JournalOptions& options, DiskQueue* disk, SegmentRing* ring, AssetTable* assets,
         Poison* poison);

  void Start(const Life& life);

  // The batch that the record is in. A copy comes with its first place.
  uint64_t Append(uint32_t asset, uint8_t kind, std::span<const uint8_t> head,
                  std::span<const uint8_t> body, const Place* copy_of = nullptr);
  uint64_t record_bytes_max() const;
  // Seals what is gathered, or (kWitness) a batch without records.
  enum class Seal : uint8_t { kGathered, kWitness };
  void SealNow(Seal what);
  bool has_gathered() const { return open_ != nullptr && open_->mark.records > 0; }
  // Submits what can be.
  void Submit();
  bool OnDisk(const DiskDone& done);

  // The batch whose turn it is, if it could not be submitted: where it wants to be written.
  uint32_t WaitingSlot() const;
  uint64_t WaitingEnd() const;

  uint64_t open_number() const { return next_number_; }
  uint64_t durable() const { return durable_; }
  uint64_t synced() const { return synced_; }
  bool MayStart() const { return unsubmitted() == 0 && in_flight_ < options_.depth; }
  uint32_t in_flight() const { return in_flight_; }
  bool idle() const { return queue_.empty() && !has_gathered() && syncs_.empty(); }
  uint64_t pending_bytes() const { return pending_bytes_ + (open_ ? open_->size : 0); }
  // Whether what is to be written next waits for its file to get longer.
  bool LacksRoom() const {
    return submitted_ < queue_.size() && ring_->LacksRoom(WaitingSlot(), WaitingEnd());
  }
  // Whether a batch without records goes into the tail.
  bool FitsWitness() const;
  // There is a batch with records that no later batch's mark calls durable.
  bool LacksWitness() const { return last_data_ > witnessed_; }
  // The oldest live segment, as the last batch names it.
  uint64_t named_head() const { return named_head_; }
  // Bytes that the tail has left for records.
  uint64_t TailRoom() const;

  // Sync::kInterval: syncs what was written. A no-op if a sync is under way.
  void SyncNow();
  bool syncing() const { return !syncs_.empty(); }

  uint64_t batches() const { return batches_; }
  uint64_t records_appended() const { return records_; }
  uint64_t bytes_sealed() const { return bytes_; }

  void CheckInvariants() const;

 private:
  struct Batch {
    AlignedBuffer buffer, sealed;  // 'sealed': encrypted.
    Mark mark;
    size_t size = 0;  // Of the buffer that is used, mark included.
    uint32_t slot = 0;
    uint64_t offset = 0;
    uint64_t end = 0;
    DiskTicket ticket;  // Once submitted. Its completion makes the batch durable.
    DiskTicket before;  // The write that 'ticket', a sync, follows.
    bool done = false;
  };

  size_t unsubmitted() const { return queue_.size() - submitted_; }
  bool Fits(const Batch& batch, size_t more) const;
  void OpenBatch();
  bool MakeRoom(size_t bytes);
  bool SwitchSegment();
  void SealOpen();
  uint8_t* AddRecord(size_t body_bytes);
  void Declare(uint32_t asset);
  void Release();

  const JournalOptions& options_;
  DiskQueue* const disk_;
  SegmentRing* const ring_;
  AssetTable* const assets_;
  Poison* const poison_;
  const size_t tag_bytes_;

  std::unique_ptr<Batch> open_;
  std::vector<std::unique_ptr<Batch>> queue_;  // Sealed, oldest first: submitted, then waiting.
  std::vector<std::unique_ptr<Batch>> pool_;
  size_t submitted_ = 0;  // Of queue_, from the front.
  uint32_t in_flight_ = 0;
  uint64_t pending_bytes_ = 0;  // Of queue_.

  uint64_t next_number_ = 1;
  uint64_t prev_number_ = 0;
  uint64_t life_ = 0, life_from_ = 0;
  uint64_t durable_ = 0, synced_ = 0;
  uint64_t last_data_ = 0, witnessed_ = 0;
  uint64_t named_head_ = 0;

  // Assets are declared anew in each stretch of a segment.
  uint64_t epoch_ = 0;
  uint64_t epoch_segment_ = 0, epoch_stretch_ = 0;

  std::vector<DiskTicket> syncs_;  // Sync::kInterval: under way.
  uint64_t sync_through_ = 0;

  uint64_t batches_ = 0, records_ = 0, bytes_ = 0;
};

}  // namespace dunlin::journal
