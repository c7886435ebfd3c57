// The plain bytes of a block, or of its end, in memory, and where each message in them begins.
//
// Two ways to fill one: RoomAtEnd() and Append(), for the block that is being written; or Take(),
// what was read, then IndexSome() until it says that all is looked through. A cache that begins in
// the middle of the block (from() > 0) is what was appended after the block's bytes had been
// dropped from memory, or what LetGoBelow() left.
//
// What is appended lies in chunks that never move and are not copied when it grows: they are small
// at first, and double. No record lies in two of them.
//
// Damage does not spread: what can be read around it answers.
//
// Eight bytes a message beside its bytes. Tombstones and erased or skipped sequences are not
// indexed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/stream_store.h"
#include "storage/crypto/highway_hash.h"
#include "storage/file/cache_pool.h"
#include "storage/format/record.h"

namespace dunlin::file {

// What each message that is appended touches stands in the first 128 bytes: of a thousand streams
// none is in the processor's cache.
class alignas(64) BlockCache {
 public:
  // Begins at byte 'from' of the block; what is appended has sequences from 'first' on.
  explicit BlockCache(uint64_t from = 0, Seq first = 0) : end_(from), from_(from), first_(first) {}
  ~BlockCache();
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  // Room for a record of 'bytes' at the end, to be written there, then Append(). 'pool', which
  // outlives the cache, is the same in all calls, and may be null. REQUIRES: all that is there has
  // been indexed.
  uint8_t* RoomAtEnd(size_t bytes, CachePool* pool) {
    if (bytes > left_) AddChunk(bytes, pool);
    return reinterpret_cast<uint8_t*>(at_);
  }
  // Where the next record will mostly go: to be fetched, not looked at.
  const char* next_bytes() const { return at_; }
  // The bytes of the record. REQUIRES: RoomAtEnd() was asked for it.
  std::string_view Append(const format::Record& record);

  // Takes the bytes of a block, to be indexed. REQUIRES: it is new, and begins at 0.
  void Take(std::string bytes);
  // Looks at about 'bytes_max' more bytes, checksums included. What is damaged is passed over, up
  // to the next record whose checksum is right; to look for that costs more than to read it. True:
  // all is indexed.
  bool IndexSome(const crypto::HighwayHash64& checksum, size_t bytes_max);
  bool indexed() const { return indexed_ == loaded_.size(); }
  // Bytes of the block that are no records.
  struct Hole {
    uint64_t begin = 0, end = 0;
    format::RecordDamage damage = format::RecordDamage::kNone;
  };
  const std::vector<Hole>& holes() const { return holes_; }
  // For a log line or an error: 'offset 17 to 200: invalid checksum'. The first few, and how many
  // more there are.
  std::string DescribeHoles() const;
  // Takes over the messages of 'tail', which begins where this one ends, and is empty then.
  // REQUIRES: both are indexed.
  void Join(BlockCache* tail);
  // Lets go of whole chunks that end at or below 'offset' of the block, and of messages up to
  // 'seq', which stays. The last chunk stays, too.
  void LetGoBelow(uint64_t offset, Seq seq);

  uint64_t from() const { return from_; }
  uint64_t end() const { return end_; }
  // Whether a message with this sequence, if the block has one, must be in here.
  bool Covers(Seq seq) const { return indexed() && (from_ == 0 || seq >= first_); }
  bool CoversAll() const { return indexed() && from_ == 0; }
  size_t BytesUsed() const;
  // What lies at 'offset' and behind, as far as its chunk reaches: at least the record there. Empty
  // at the end.
  std::string_view BytesFrom(uint64_t offset) const;

  // Messages in order of their sequence, numbered from 0.
  size_t size() const { return entries_.size() + fresh_count_; }
  // The first one at or after 'seq'; size() if none.
  size_t IndexAt(Seq seq) const;
  Seq SeqAt(size_t index) const { return base_ + EntryAt(index).delta; }
  // Where it begins in the block.
  uint64_t OffsetAt(size_t index) const { return EntryAt(index).offset; }
  format::Record At(size_t index) const;
  // False: no message with this sequence is in here.
  bool Find(Seq seq, format::Record* out) const;

 private:
  struct Entry {
    uint32_t delta;   // Of the sequence, to base_.
    uint32_t offset;  // In the block.
  };
  struct Chunk {
    uint64_t begin = 0;   // In the block.
    size_t capacity = 0;  // 0: it is loaded_.
    char* data = nullptr;
  };
  void AddChunk(size_t bytes, CachePool* pool);
  void Free(const Chunk& chunk);
  uint64_t EndOf(size_t chunk) const {
    return chunk + 1 < chunks_.size() ? chunks_[chunk + 1].begin : end_;
  }
  size_t ChunkAt(uint64_t offset) const;
  static constexpr size_t kFreshMax = 8;
  const Entry& EntryAt(size_t index) const {
    return index < entries_.size() ? entries_[index] : fresh_[index - entries_.size()];
  }
  void Index(Seq seq, uint64_t offset);
  void BeginSearch(format::RecordDamage damage);
  void PassDamage(const crypto::HighwayHash64& checksum, uint64_t* left);
  void SettleFresh();
  void LetGoOfFirst(size_t messages, Seq base);
  void LetGoFarBelow(Seq seq);

  char* at_ = nullptr;  // Where the next record goes, in the last chunk,
  size_t left_ = 0;     // and how much room there is.
  uint64_t end_;
  Seq base_ = 0;  // The sequence of the first entry,
  Seq last_ = 0;  // and of the last one.
  size_t fresh_count_ = 0;
  CachePool* pool_ = nullptr;
  size_t indexed_ = 0;      // See 'loaded_'.
  Entry fresh_[kFreshMax];  // The last entries: they go to the others together.
  std::vector<Entry> entries_;

  uint64_t from_;
  Seq first_;
  std::vector<Chunk> chunks_;     // In order; none is empty but, maybe, the last one.
  mutable size_t last_used_ = 0;  // Of chunks_: mostly the next one is asked for, or the same.
  std::string loaded_;            // Bytes that were read, of which 'indexed_' are indexed.
  std::vector<Hole> holes_;
  // The end of the next one is being looked for.
  struct Search {
    Hole hole;
    format::RecordSearch search;
  };
  std::unique_ptr<Search> search_;
};

}  // namespace dunlin::file
