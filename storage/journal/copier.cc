#include "storage/journal/copier.h"

#include <algorithm>
#include <cstring>

#include "engine/base/mutant.h"

namespace dunlin::journal {
namespace {

// What is copied may take this part of a segment: more is not a laggard's, but everybody's.
constexpr uint64_t kPartMax = 4;
// Left over for what the owner appends meanwhile.
constexpr uint64_t kReserveBytes = 64 * 1024;

}  // namespace

Copier::Copier(const JournalOptions& options, DiskQueue* disk, SegmentRing* ring,
               AssetTable* assets, Writer* writer, Poison* poison)
    : options_(options),
      ring_(ring),
      assets_(assets),
      writer_(writer),
      poison_(poison),
      reader_(disk) {}

bool Copier::HasRoomFor(uint64_t bytes) const {
  const uint64_t reserve = std::min(kReserveBytes, options_.segment_bytes / 8);
  return bytes + reserve <= writer_->TailRoom() + ring_->Available() * options_.segment_bytes;
}

bool Copier::IsWorthIt() const {
  if (ring_->Available() > 1 || ring_->live().size() < 2) return false;
  const uint32_t slot = ring_->live().front();
  if ((*ring_)[slot].last_batch > writer_->durable()) return false;  // Not all written yet.
  const uint64_t bytes = assets_->LiveBytes(slot);
  // A copy is longer by its prefix; at worst the record has no body.
  return (*ring_)[slot].copyable && bytes > 0 && bytes <= options_.segment_bytes / kPartMax &&
         HasRoomFor(3 * bytes + assets_->NameBytes(slot));
}

bool Copier::Work() {
  if (reader_.busy() || poison_->set()) return false;
  if (state_ == State::kIdle) {
    if (!IsWorthIt()) return false;
    state_ = State::kReading;
    slot_ = ring_->live().front();
    at_ = kHeaderBytes;
    declared_.clear();
    reader_.Start((*ring_)[slot_].file, (*ring_)[slot_].end);
  }
  if (!CopySlice()) return false;
  // The batch that has the last copy is also the first that does not count the segment among the
  // live: both become durable at once, and before the file is used again.
  reader_.Free();
  state_ = State::kIdle;
  assets_->DropSegment(slot_);
  return true;
}

// True: the whole segment is done.
bool Copier::CopySlice() {
  Segment& segment = (*ring_)[slot_];
  while (at_ < segment.end) {
    const auto gap = std::lower_bound(
        segment.gaps.begin(), segment.gaps.end(), at_,
        [](const Segment::Gap& one, uint64_t offset) { return one.offset < offset; });
    if (gap != segment.gaps.end() && gap->offset == at_ && !MUTANT(248)) at_ = gap->end;
    const uint8_t* bytes = reader_.Get(at_, kMarkBytes);
    if (bytes == nullptr) return false;
    const auto mark = DecodeMark({bytes, kMarkBytes}, segment.seed);
    const uint64_t size = mark ? kMarkBytes + uint64_t{mark->bytes} : 0;
    if (mark && size <= segment.end - at_) {
      bytes = reader_.Get(at_, size);
      if (bytes == nullptr) return false;
      const auto records = OpenBatch(*mark, bytes, ring_->store(), segment.id, segment.seed,
                                     options_.cipher, &scratch_);
      if (records) {
        if (!CopyBatch(*mark, *records)) return false;
        at_ = RoundUp(at_ + size, segment.alignment);
        continue;
      }
    }
    // Damaged since it was written. Its owners still have what it says: they must pass it.
    segment.copyable = false;
    state_ = State::kIdle;
    return false;
  }
  return true;
}

uint32_t Copier::OwnerOf(const RecordView& record) const {
  if ((record.flags & kCopied) != 0) return assets_->Find(record.incarnation);
  if (record.asset >= declared_.size()) return AssetTable::kNone;
  const uint32_t asset = assets_->Find(declared_[record.asset]);
  // The number may have changed hands in a gap.
  const bool is_its = asset != AssetTable::kNone && assets_->tag(asset) == record.tag;
  return is_its ? asset : AssetTable::kNone;
}

// Calls 'take' with each record that is still needed, whose it is and where it was at first; until
// it returns false.
template <class Take>
void Copier::ForEachNeeded(const Mark& mark, std::span<const uint8_t> records, Take take) {
  RecordReader reader(records, (*ring_)[slot_].seed);
  RecordView record;
  for (uint32_t index = 0; reader.Next(&record); ++index) {
    if (record.kind == kDeclare) {
      if (record.asset >= declared_.size()) declared_.resize(record.asset + 1);
      std::memcpy(declared_[record.asset].bytes.data(), record.body.data(), 16);
      continue;
    }
    const bool again = (record.flags & kCopied) != 0;
    const Writer::Place place{again ? record.batch : mark.number, again ? record.index : index};
    const uint32_t asset = OwnerOf(record);
    if (asset == AssetTable::kNone || assets_->passed(asset) >= place.batch) continue;
    // Mutant 120: what was copied once is forgotten.
    if (again && MUTANT(120)) continue;
    if (!take(record, asset, place)) return;
  }
}

// False: there is no room; given up for now.
bool Copier::CopyBatch(const Mark& mark, std::span<const uint8_t> records) {
  // What is passed needs none: a batch that is mostly that would else be read again and again.
  uint64_t bytes = MUTANT(244) ? records.size() : 0;
  ForEachNeeded(mark, records, [&](const RecordView& record, uint32_t, const Writer::Place&) {
    if (!MUTANT(244)) bytes += RecordBytes(record.body.size());
    return true;
  });
  if (!HasRoomFor(3 * bytes + assets_->NameBytes(slot_))) {
    state_ = State::kIdle;
    return false;
  }
  ForEachNeeded(mark, records,
                [&](const RecordView& record, uint32_t asset, const Writer::Place& place) {
                  (void)writer_->Append(asset, record.kind, {}, record.body, &place);
                  ++copied_;
                  return !poison_->set();
                });
  return !poison_->set();
}

}  // namespace dunlin::journal
