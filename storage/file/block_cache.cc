#include "storage/file/block_cache.h"

#include <algorithm>
#include <optional>

#include "engine/base/check.h"
#include "engine/base/mutant.h"

namespace dunlin::file {

void BlockCache::Index(Seq seq, uint64_t offset) {
  if (entries_.empty()) {
    base_ = seq;
  } else if (seq <= last_) {
    return;  // Says nothing new: see record.h.
  }
  if (seq - base_ > UINT32_MAX) LetGoFarBelow(seq);
  last_ = seq;
  entries_.push_back({static_cast<uint32_t>(seq - base_), static_cast<uint32_t>(offset)});
}

// What lies so far below a message of the same block was dead when that was written (kDeadMax).
void BlockCache::LetGoFarBelow(Seq seq) {
  const size_t kept = IndexAt(seq - UINT32_MAX / 2);
  const Seq base = kept == entries_.size() ? seq : SeqAt(kept);
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(kept));
  for (Entry& entry : entries_) entry.delta -= static_cast<uint32_t>(base - base_);
  base_ = base;
}

uint8_t* BlockCache::RoomAtEnd(size_t bytes, size_t block_bytes) {
  CHECK(indexed());
  const size_t size = bytes_.size();
  if (size + bytes > bytes_.capacity()) {
    const size_t doubled = std::min(2 * bytes_.capacity(), block_bytes);
    bytes_.reserve(std::max(size + bytes, doubled));
  }
  bytes_.resize(size + bytes);
  return reinterpret_cast<uint8_t*>(bytes_.data()) + size;
}

void BlockCache::Append(const format::Record& record) {
  CHECK(indexed_ + record.bytes == bytes_.size());
  if (record.kind == format::RecordKind::kMessage) Index(record.seq, indexed_);
  indexed_ = bytes_.size();
}

void BlockCache::Reset() {
  from_ = 0;
  first_ = base_ = 0;
  bytes_.clear();
  entries_.clear();
  indexed_ = 0;
  holes_.clear();
}

uint8_t* BlockCache::Room(size_t size) {
  CHECK(bytes_.empty());
  bytes_.resize(size);
  return reinterpret_cast<uint8_t*>(bytes_.data());
}

void BlockCache::Take(std::string bytes) {
  CHECK(entries_.empty());
  bytes_ = std::move(bytes);
}

bool BlockCache::IndexSome(const crypto::HighwayHash64& checksum, size_t bytes_max) {
  // Behind damage, this much is hashed in search of the next record; beyond it all is taken as
  // lost.
  constexpr uint64_t kSearchBytesMax = 16u << 20;
  const size_t stop = indexed_ + bytes_max;
  while (indexed_ < bytes_.size() && indexed_ < stop) {
    format::RecordReader reader(bytes_, &checksum, indexed_);
    format::Record record;
    while (indexed_ < stop && reader.Next(&record)) {
      if (record.kind == format::RecordKind::kMessage) Index(record.seq, record.offset);
      indexed_ = reader.offset();
    }
    if (reader.damage() == format::RecordDamage::kNone) continue;
    const std::optional<uint64_t> next = format::FindRecord(
        bytes_, indexed_ + 1, checksum, format::kRecordSeqEnd - 1, kSearchBytesMax);
    const size_t end = next && !MUTANT(138) ? *next : bytes_.size();
    holes_.push_back({from_ + indexed_, from_ + end, reader.damage()});
    indexed_ = end;
  }
  return indexed();
}

std::string BlockCache::DescribeHoles() const {
  std::string out;
  for (const Hole& hole : holes_) {
    if (!out.empty()) out += ", ";
    out += "offset " + std::to_string(hole.begin) + " to " + std::to_string(hole.end) + ": " +
           format::Describe(hole.damage);
  }
  return out;
}

void BlockCache::Join(const BlockCache& tail) {
  CHECK(indexed() && tail.indexed() && tail.from_ == end());
  const size_t shift = bytes_.size();
  bytes_.append(tail.bytes_);
  indexed_ = bytes_.size();
  holes_.insert(holes_.end(), tail.holes_.begin(), tail.holes_.end());
  for (size_t i = 0; i < tail.size(); ++i) Index(tail.SeqAt(i), shift + tail.entries_[i].offset);
}

size_t BlockCache::BytesUsed() const {
  return bytes_.capacity() + entries_.capacity() * sizeof(Entry);
}

std::string_view BlockCache::Bytes(uint64_t offset, size_t size) const {
  CHECK(offset >= from_ && offset + size <= end());
  return std::string_view(bytes_).substr(offset - from_, size);
}

size_t BlockCache::IndexAt(Seq seq) const {
  if (entries_.empty() || seq <= base_) return 0;
  // Where nothing is missing, the sequence is the index.
  const uint64_t delta = seq - base_;
  if (delta < entries_.size() && entries_[delta].delta == delta) return delta;
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), delta,
                       [](const Entry& entry, uint64_t value) { return entry.delta < value; });
  return static_cast<size_t>(found - entries_.begin());
}

format::Record BlockCache::At(size_t index) const {
  format::Record record;
  const format::RecordDamage damage =
      format::DecodeRecord(bytes_, entries_[index].offset, nullptr, &record);
  CHECK(damage == format::RecordDamage::kNone);  // It was right when it was indexed.
  return record;
}

bool BlockCache::Find(Seq seq, format::Record* out) const {
  const size_t index = IndexAt(seq);
  if (index == entries_.size() || SeqAt(index) != seq) return false;
  *out = At(index);
  return true;
}

}  // namespace dunlin::file
