#include "storage/journal/writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"

namespace dunlin::journal {
namespace {

constexpr size_t kFirstBufferBytes = 64 * 1024;
// Within one stretch an asset is declared once: damage takes the owner of no more than this.
constexpr uint64_t kStretchBytes = 1u << 20;
constexpr size_t kDeclareBytesMax = RecordBytes(sizeof(Incarnation) + kNameBytesMax);

}  // namespace

Writer::Writer(const JournalOptions& options, DiskQueue* disk, SegmentRing* ring,
               AssetTable* assets, Poison* poison)
    : options_(options),
      disk_(disk),
      ring_(ring),
      assets_(assets),
      poison_(poison),
      tag_bytes_(options.cipher == nullptr ? 0 : SegmentCipher::kTagBytes) {}

void Writer::Start(const Life& life) {
  next_number_ = life.number;
  prev_number_ = life_from_ = life.last;
  life_ = life.id;
  durable_ = synced_ = witnessed_ = life.last;
}

uint64_t Writer::record_bytes_max() const {
  const uint64_t most =
      std::min<uint64_t>(options_.segment_bytes - kHeaderBytes, kTransferBytesMax);
  // The last block of a segment is kept for a witness.
  return most - 2 * ring_->alignment() - kMarkBytes - kDeclareBytesMax - kRecordHeaderBytes -
         kCopyPrefixBytes - tag_bytes_;
}

bool Writer::Fits(const Batch& batch, size_t more) const {
  const uint64_t bytes = RoundUp(batch.size + more + tag_bytes_, ring_->alignment());
  return batch.offset + bytes + ring_->alignment() <= options_.segment_bytes &&
         bytes <= kTransferBytesMax;
}

bool Writer::FitsWitness() const {
  const uint32_t tail = ring_->tail();
  return tail != SegmentRing::kNone &&
         (*ring_)[tail].end + 2 * ring_->alignment() <= options_.segment_bytes;
}

uint64_t Writer::TailRoom() const {
  const uint32_t tail = ring_->tail();
  if (tail == SegmentRing::kNone) return 0;
  const uint64_t used = (*ring_)[tail].end + (open_ ? open_->size : 0) + 3 * ring_->alignment();
  return used < options_.segment_bytes ? options_.segment_bytes - used : 0;
}

// The next batch, empty, at the tail's end.
void Writer::OpenBatch() {
  CHECK(open_ == nullptr);
  if (pool_.empty()) pool_.push_back(std::make_unique<Batch>());
  open_ = std::move(pool_.back());
  pool_.pop_back();
  open_->buffer.Grow(kFirstBufferBytes, 0);
  open_->mark = {};
  open_->size = kMarkBytes;
  open_->slot = ring_->tail();
  open_->offset = (*ring_)[open_->slot].end;
  open_->ticket = open_->before = {};
  open_->done = false;
  const uint64_t segment = (*ring_)[open_->slot].id, stretch = open_->offset / kStretchBytes;
  if (epoch_ == 0 || segment != epoch_segment_ || stretch != epoch_stretch_) {
    ++epoch_;
    epoch_segment_ = segment;
    epoch_stretch_ = stretch;
  }
}

// False: the journal has failed.
bool Writer::SwitchSegment() {
  CHECK(open_ == nullptr);
  if (ring_->tail() != SegmentRing::kNone && ring_->Available() > 0 &&
      ring_->SwitchAwaits() >= next_number_) {
    // The next file may only be overwritten behind a batch that gives it back: in the last block.
    OpenBatch();
    SealOpen();
  }
  if (ring_->Switch()) return true;
  poison_->Set("the journal is full: all " + std::to_string(options_.segments_max) +
               " segments are needed");
  return false;
}

// Sees to it that open_ takes 'bytes' more.
bool Writer::MakeRoom(size_t bytes) {
  if (open_ != nullptr && open_->size + bytes > kBatchBytes && open_->mark.records > 0) SealOpen();
  if (open_ == nullptr && ring_->tail() != SegmentRing::kNone) OpenBatch();
  if (open_ != nullptr && Fits(*open_, bytes)) return true;
  if (open_ != nullptr && open_->mark.records > 0) {
    SealOpen();
    OpenBatch();
    if (Fits(*open_, bytes)) return true;
  }
  if (open_ != nullptr) pool_.push_back(std::exchange(open_, nullptr));
  if (!SwitchSegment()) return false;
  OpenBatch();
  CHECK(Fits(*open_, bytes));
  return true;
}

// Where the new record's header goes; its body behind.
uint8_t* Writer::AddRecord(size_t body_bytes) {
  const size_t bytes = RecordBytes(body_bytes);
  open_->buffer.Grow(open_->size + bytes, open_->size);
  uint8_t* const record = open_->buffer.data() + open_->size;
  open_->size += bytes;
  ++open_->mark.records;
  return record;
}

void Writer::Declare(uint32_t asset) {
  const Segment& segment = (*ring_)[open_->slot];
  std::string_view name;
  if (assets_->NeedsName(asset, segment.id)) name = assets_->name(asset);
  const size_t size = sizeof(Incarnation) + name.size();
  uint8_t* const record = AddRecord(size);
  uint8_t* const out = record + kRecordHeaderBytes;
  std::memcpy(out, assets_->incarnation(asset).bytes.data(), sizeof(Incarnation));
  if (!name.empty()) std::memcpy(out + sizeof(Incarnation), name.data(), name.size());
  FinishRecord(segment.seed, {asset, assets_->tag(asset), kDeclare, 0}, size, record);
  assets_->Declared(asset, epoch_);
}

uint64_t Writer::Append(uint32_t asset, uint8_t kind, std::span<const uint8_t> head,
                        std::span<const uint8_t> body, const Place* copy_of) {
  const size_t prefix = copy_of == nullptr ? 0 : kCopyPrefixBytes;
  const size_t size = prefix + head.size() + body.size();
  CHECK(size <= record_bytes_max() + prefix);
  const size_t declare = RecordBytes(sizeof(Incarnation) + assets_->name(asset).size());
  if (!MakeRoom(RecordBytes(size) + declare)) return kNeverDurable.batch;
  if (assets_->NeedsDeclaration(asset, epoch_)) Declare(asset);
  const Segment& segment = (*ring_)[open_->slot];
  uint8_t* const record = AddRecord(size);
  uint8_t* out = record + kRecordHeaderBytes;
  if (copy_of != nullptr) {
    EncodeCopyPrefix(copy_of->batch, copy_of->index, assets_->incarnation(asset), out);
    out += prefix;
    open_->mark.flags |= kHasCopies;
  }
  if (!head.empty()) std::memcpy(out, head.data(), head.size());
  if (!body.empty()) std::memcpy(out + head.size(), body.data(), body.size());
  const uint8_t flags = copy_of != nullptr ? kCopied : 0;
  FinishRecord(segment.seed, {asset, assets_->tag(asset), kind, flags}, size, record);
  assets_->AddUse(asset, open_->slot, segment.id,
                  copy_of != nullptr ? copy_of->batch : next_number_, RecordBytes(size));
  ++records_;
  return next_number_;
}

void Writer::SealNow(Seal what) {
  if (poison_->set()) return;
  if (what == Seal::kWitness && !has_gathered() && !MakeRoom(0)) return;
  if (open_ != nullptr && (what == Seal::kWitness || open_->mark.records > 0)) SealOpen();
}

void Writer::SealOpen() {
  Batch& batch = *open_;
  Segment& segment = (*ring_)[batch.slot];
  Mark& mark = batch.mark;
  mark.bytes = static_cast<uint32_t>(batch.size - kMarkBytes + tag_bytes_);
  if (options_.cipher != nullptr) mark.flags |= kSealedByCipher;
  mark.number = next_number_++;
  mark.prev = prev_number_;
  mark.durable = synced_;
  mark.head = ring_->head_id();
  mark.life = life_;
  mark.life_from = life_from_;
  uint8_t* out = batch.buffer.data();
  const size_t used = kMarkBytes + mark.bytes;
  const size_t padded = RoundUp(used, ring_->alignment());
  if (options_.cipher != nullptr) {
    batch.sealed.Grow(padded, 0);
    out = batch.sealed.data();
  } else {
    batch.buffer.Grow(padded, batch.size);
    out = batch.buffer.data();
  }
  EncodeMark(mark, segment.seed, out);
  if (options_.cipher != nullptr) {
    options_.cipher->Seal(
        {ring_->store(), segment.id, mark.number, mark.life}, AuthenticatedPart(out),
        {batch.buffer.data() + kMarkBytes, batch.size - kMarkBytes}, out + kMarkBytes);
  }
  std::memset(out + used, 0, padded - used);
  batch.end = batch.offset + padded;
  segment.end = batch.end;
  segment.last_batch = mark.number;
  prev_number_ = mark.number;
  witnessed_ = synced_;
  named_head_ = mark.head;
  if (mark.records > 0) last_data_ = mark.number;
  ++batches_;
  bytes_ += padded;
  pending_bytes_ += batch.size;
  queue_.push_back(std::move(open_));
}

void Writer::Submit() {
  while (submitted_ < queue_.size() && in_flight_ < options_.depth && !poison_->set()) {
    Batch& batch = *queue_[submitted_];
    if (!ring_->IsWritable(batch.slot, batch.end)) return;
    Segment& segment = (*ring_)[batch.slot];
    const uint8_t* const bytes =
        options_.cipher != nullptr ? batch.sealed.data() : batch.buffer.data();
    batch.ticket = disk_->Write(segment.file, batch.offset, bytes, batch.end - batch.offset);
    segment.dirty = true;
    // Mutant 118: the write is taken for the sync.
    if (options_.sync == JournalOptions::Sync::kAlways && options_.access == Access::kWrite &&
        !MUTANT(118)) {
      batch.before = batch.ticket;
      batch.ticket = disk_->Sync(segment.file, batch.before);
    }
    ++submitted_;
    ++in_flight_;
  }
}

uint32_t Writer::WaitingSlot() const {
  return submitted_ < queue_.size() ? queue_[submitted_]->slot : SegmentRing::kNone;
}

uint64_t Writer::WaitingEnd() const {
  return submitted_ < queue_.size() ? queue_[submitted_]->end : 0;
}

bool Writer::OnDisk(const DiskDone& done) {
  if (const auto sync = std::find(syncs_.begin(), syncs_.end(), done.ticket);
      sync != syncs_.end()) {
    syncs_.erase(sync);
    // Mutant 119: a failed sync is taken for one that will be repeated.
    if (!done.ok() && !MUTANT(119)) poison_->Set("syncing a segment", done);
    if (syncs_.empty() && !poison_->set()) synced_ = std::max(synced_, sync_through_);
    return true;
  }
  for (size_t i = 0; i < submitted_; ++i) {
    Batch& batch = *queue_[i];
    const bool is_write = done.ticket == batch.before;
    if (!is_write && (batch.done || done.ticket != batch.ticket)) continue;
    if (!done.ok()) {
      poison_->Set(std::string(is_write || batch.before.value == 0 ? "writing to " : "syncing ") +
                       ring_->NameOf(batch.slot) + " at offset " + std::to_string(batch.offset),
                   done);
    }
    if (is_write) {
      batch.before = {};
      Release();
      return true;
    }
    batch.done = true;
    --in_flight_;
    (*ring_)[batch.slot].dirty = true;  // Written after a sync under way was issued.
    // Mutant 117: whatever is written last counts, whether what is before it is or not.
    if (MUTANT(117)) durable_ = std::max(durable_, batch.mark.number);
    Release();
    return true;
  }
  return false;
}

// From the oldest on: promises are kept in order.
void Writer::Release() {
  while (submitted_ > 0 && queue_.front()->done && queue_.front()->before.value == 0) {
    Batch& batch = *queue_.front();
    if (!poison_->set()) {
      durable_ = std::max(durable_, batch.mark.number);
      if (options_.sync == JournalOptions::Sync::kAlways) synced_ = durable_;
    }
    pending_bytes_ -= batch.size;
    if (batch.buffer.capacity() > 2 * kBatchBytes) batch.buffer.Free();
    if (batch.sealed.capacity() > 2 * kBatchBytes) batch.sealed.Free();
    if (pool_.size() <= options_.depth) pool_.push_back(std::move(queue_.front()));
    queue_.erase(queue_.begin());
    --submitted_;
  }
}

void Writer::SyncNow() {
  if (!syncs_.empty() || poison_->set() || durable_ <= synced_) return;
  sync_through_ = durable_;
  // Also files that were given back: it is not durable yet that they were.
  for (uint32_t slot = 0; slot < ring_->slots(); ++slot) {
    Segment& segment = (*ring_)[slot];
    if (!segment.dirty) continue;
    segment.dirty = false;
    syncs_.push_back(disk_->Sync(segment.file));
  }
  if (syncs_.empty()) synced_ = sync_through_;
}

void Writer::CheckInvariants() const {
  CHECK(synced_ <= durable_ && durable_ < next_number_);
  CHECK(submitted_ <= queue_.size() && in_flight_ <= options_.depth);
  for (size_t i = 1; i < queue_.size(); ++i)
    CHECK(queue_[i]->mark.prev == queue_[i - 1]->mark.number);
}

}  // namespace dunlin::journal
