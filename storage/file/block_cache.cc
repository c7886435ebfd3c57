#include "storage/file/block_cache.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"

namespace dunlin::file {

BlockCache::~BlockCache() {
  for (const Chunk& chunk : chunks_) Free(chunk);
}

void BlockCache::Free(const Chunk& chunk) {
  if (chunk.capacity > 0) CachePool::Give(pool_, chunk.data, chunk.capacity);
}

void BlockCache::Index(Seq seq, uint64_t offset) {
  if (size() == 0) {
    base_ = seq;
  } else if (seq <= last_) {
    return;  // Says nothing new: see record.h.
  }
  if (seq - base_ > UINT32_MAX) LetGoFarBelow(seq);
  last_ = seq;
  fresh_[fresh_count_++] = {static_cast<uint32_t>(seq - base_), static_cast<uint32_t>(offset)};
  if (fresh_count_ == kFreshMax) SettleFresh();
}

void BlockCache::SettleFresh() {
  entries_.insert(entries_.end(), fresh_, fresh_ + fresh_count_);
  fresh_count_ = 0;
}

// 'base' is what the sequences of the others are counted from then.
void BlockCache::LetGoOfFirst(size_t messages, Seq base) {
  SettleFresh();
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(messages));
  for (Entry& entry : entries_) entry.delta -= static_cast<uint32_t>(base - base_);
  base_ = base;
}

// What lies so far below a message of the same block was dead when that was written (kDeadMax).
void BlockCache::LetGoFarBelow(Seq seq) {
  const size_t kept = IndexAt(seq - UINT32_MAX / 2);
  LetGoOfFirst(kept, kept == size() ? seq : SeqAt(kept));
}

// A stream that has little takes little; and none of what there is is copied when it gets more. A
// large record does not leave most of its chunk empty.
void BlockCache::AddChunk(size_t bytes, CachePool* pool) {
  constexpr size_t kFirst = 256, kRecordsMin = 4, kLargeMax = 1u << 20;
  CHECK(indexed());
  pool_ = pool;
  const size_t before = chunks_.empty() ? 0 : chunks_.back().capacity;
  size_t size = std::clamp(2 * before, kFirst, CachePool::kChunkBytes);
  while (size < CachePool::kChunkBytes && size < kRecordsMin * bytes) size *= 2;
  if (size < kRecordsMin * bytes) size = std::max(bytes, std::min(kRecordsMin * bytes, kLargeMax));
  if (!chunks_.empty() && chunks_.back().begin == end_) {
    Free(chunks_.back());  // Nothing is in it.
    chunks_.pop_back();
  }
  at_ = CachePool::Take(pool, size);
  left_ = size;
  chunks_.push_back({end_, size, at_});
}

std::string_view BlockCache::Append(const format::Record& record) {
  CHECK(record.bytes <= left_);
  const std::string_view bytes(at_, record.bytes);
  if (record.kind == format::RecordKind::kMessage) Index(record.seq, end_);
  at_ += record.bytes;
  left_ -= record.bytes;
  end_ += record.bytes;
  return bytes;
}

void BlockCache::Take(std::string bytes) {
  CHECK(chunks_.empty() && end_ == 0);
  loaded_ = std::move(bytes);
  end_ = loaded_.size();
  if (end_ > 0) chunks_.push_back({0, 0, loaded_.data()});
}

bool BlockCache::IndexSome(const crypto::HighwayHash64& checksum, size_t bytes_max) {
  uint64_t left = bytes_max;
  const auto pay = [&](uint64_t bytes) { left -= std::min(left, bytes); };
  while (!indexed() && left > 0) {
    if (search_ != nullptr) {
      PassDamage(checksum, &left);
      continue;
    }
    format::RecordReader reader(loaded_, &checksum, indexed_);
    format::Record record;
    while (left > 0 && reader.Next(&record)) {
      if (record.kind == format::RecordKind::kMessage) Index(record.seq, record.offset);
      indexed_ = reader.offset();
      pay(record.bytes);
    }
    if (reader.damage() == format::RecordDamage::kNone) continue;
    // It may have been hashed, too.
    const bool hashed = reader.damage() == format::RecordDamage::kBadChecksum;
    if (hashed &&
        format::DecodeRecord(loaded_, indexed_, nullptr, &record) == format::RecordDamage::kNone) {
      pay(record.bytes);
    }
    BeginSearch(reader.damage());
  }
  return indexed();
}

void BlockCache::BeginSearch(format::RecordDamage damage) {
  // Behind damage, this much is hashed in search of the next record; beyond it all is taken as
  // lost.
  constexpr uint64_t kSearchBytesMax = 16u << 20;
  search_ = std::make_unique<Search>(
      Search{{indexed_, 0, damage},
             format::RecordSearch(indexed_ + 1, format::kRecordSeqEnd - 1, kSearchBytesMax)});
}

void BlockCache::PassDamage(const crypto::HighwayHash64& checksum, uint64_t* left) {
  if (!search_->search.Step(loaded_, checksum, left)) return;
  Hole hole = search_->hole;
  hole.end = MUTANT(138) ? loaded_.size() : search_->search.found().value_or(loaded_.size());
  search_.reset();
  holes_.push_back(hole);
  indexed_ = hole.end;
}

std::string BlockCache::DescribeHoles() const {
  constexpr size_t kDescribedMax = 8;
  std::string out;
  for (size_t i = 0; i < std::min(holes_.size(), kDescribedMax); ++i) {
    const Hole& hole = holes_[i];
    if (!out.empty()) out += ", ";
    out += "offset " + std::to_string(hole.begin) + " to " + std::to_string(hole.end) + ": " +
           format::Describe(hole.damage);
  }
  if (holes_.size() > kDescribedMax)
    out += ", and " + std::to_string(holes_.size() - kDescribedMax) + " more";
  return out;
}

void BlockCache::Join(BlockCache* tail) {
  CHECK(indexed() && tail->indexed() && tail->from_ == end() && tail->loaded_.empty());
  for (size_t i = 0; i < tail->size(); ++i) Index(tail->SeqAt(i), tail->OffsetAt(i));
  chunks_.insert(chunks_.end(), tail->chunks_.begin(), tail->chunks_.end());
  tail->chunks_.clear();
  pool_ = tail->pool_;
  at_ = tail->at_;
  left_ = tail->left_;
  end_ = tail->end_;
  holes_.insert(holes_.end(), tail->holes_.begin(), tail->holes_.end());
}

void BlockCache::LetGoBelow(uint64_t offset, Seq seq) {
  if (!indexed()) return;
  if (const size_t kept = IndexAt(seq); kept < size()) offset = std::min(offset, OffsetAt(kept));
  size_t chunks = 0;
  while (chunks + 1 < chunks_.size() && EndOf(chunks) <= offset) Free(chunks_[chunks++]);
  if (chunks == 0) return;
  if (chunks_[0].capacity == 0) {
    std::string().swap(loaded_);
    indexed_ = 0;
  }
  chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<ptrdiff_t>(chunks));
  last_used_ = 0;
  from_ = chunks_[0].begin;
  std::erase_if(holes_, [&](const Hole& hole) { return hole.begin < from_; });
  SettleFresh();
  const auto kept = std::partition_point(entries_.begin(), entries_.end(),
                                         [&](const Entry& entry) { return entry.offset < from_; });
  const auto gone = static_cast<size_t>(kept - entries_.begin());
  if (gone == 0) return;
  first_ = SeqAt(gone - 1) + 1;
  LetGoOfFirst(gone, kept == entries_.end() ? first_ : SeqAt(gone));
}

size_t BlockCache::BytesUsed() const {
  size_t bytes = loaded_.capacity() + entries_.capacity() * sizeof(Entry);
  for (const Chunk& chunk : chunks_) bytes += chunk.capacity;
  return bytes;
}

// REQUIRES: there are chunks, and the first one begins at or below it.
size_t BlockCache::ChunkAt(uint64_t offset) const {
  for (size_t i = last_used_; i < std::min(last_used_ + 2, chunks_.size()); ++i) {
    if (chunks_[i].begin <= offset && offset < EndOf(i)) return last_used_ = i;
  }
  const auto above =
      std::upper_bound(chunks_.begin(), chunks_.end(), offset,
                       [](uint64_t value, const Chunk& chunk) { return value < chunk.begin; });
  return last_used_ = static_cast<size_t>(above - chunks_.begin()) - 1;
}

std::string_view BlockCache::BytesFrom(uint64_t offset) const {
  CHECK(offset >= from_ && offset <= end_);
  if (offset == end_) return {};
  const size_t chunk = ChunkAt(offset);
  return {chunks_[chunk].data + (offset - chunks_[chunk].begin), EndOf(chunk) - offset};
}

size_t BlockCache::IndexAt(Seq seq) const {
  if (size() == 0 || seq <= base_) return 0;
  // Where nothing is missing, the sequence is the index.
  const uint64_t delta = seq - base_;
  if (delta < size() && EntryAt(delta).delta == delta) return delta;
  if (fresh_count_ > 0 && delta >= fresh_[0].delta) {
    const Entry* const found = std::find_if(
        fresh_, fresh_ + fresh_count_, [&](const Entry& entry) { return entry.delta >= delta; });
    return entries_.size() + static_cast<size_t>(found - fresh_);
  }
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), delta,
                       [](const Entry& entry, uint64_t value) { return entry.delta < value; });
  return static_cast<size_t>(found - entries_.begin());
}

format::Record BlockCache::At(size_t index) const {
  format::Record record;
  const format::RecordDamage damage =
      format::DecodeRecord(BytesFrom(OffsetAt(index)), 0, nullptr, &record);
  CHECK(damage == format::RecordDamage::kNone);  // It was right when it was indexed.
  record.offset = OffsetAt(index);
  return record;
}

bool BlockCache::Find(Seq seq, format::Record* out) const {
  const size_t index = IndexAt(seq);
  if (index == size() || SeqAt(index) != seq) return false;
  *out = At(index);
  return true;
}

}  // namespace dunlin::file
