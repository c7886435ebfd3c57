// The plain bytes of a block, or of its end, in memory, and where each message in them begins.
//
// Two ways to fill one: Append(), for the block that is being written; or Room(), read into it,
// then IndexSome() until it says that all is looked through. A cache that begins in the middle of
// the block (from() > 0) is what was appended after the block's bytes had been dropped from memory.
//
// Damage does not spread: what can be read around it answers.
//
// Eight bytes a message beside its bytes. Tombstones and erased or skipped sequences are not
// indexed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/stream_store.h"
#include "storage/crypto/highway_hash.h"
#include "storage/format/record.h"

namespace dunlin::file {

class BlockCache {
 public:
  // Begins at byte 'from' of the block; what is appended has sequences from 'first' on.
  explicit BlockCache(uint64_t from = 0, Seq first = 0) : from_(from), first_(first) {}

  // Room for a record of 'bytes' at the end, to be written there, then Append(). The memory of the
  // whole block, 'block_bytes', is the most that is set aside ahead. REQUIRES: all that is there
  // has been indexed.
  uint8_t* RoomAtEnd(size_t bytes, size_t block_bytes);
  void Append(const format::Record& record);
  // As new, with its memory.
  void Reset();

  // Memory for 'size' bytes, to be read into and then indexed.
  uint8_t* Room(size_t size);
  // Takes the bytes over instead.
  void Take(std::string bytes);
  // Looks at about 'bytes_max' more bytes, checksums included. What is damaged is passed over, up
  // to the next record whose checksum is right. True: all is indexed.
  bool IndexSome(const crypto::HighwayHash64& checksum, size_t bytes_max);
  bool indexed() const { return indexed_ == bytes_.size(); }
  // Bytes of the block that are no records.
  struct Hole {
    uint64_t begin = 0, end = 0;
    format::RecordDamage damage = format::RecordDamage::kNone;
  };
  const std::vector<Hole>& holes() const { return holes_; }
  // For a log line or an error: 'offset 17 to 200: invalid checksum'.
  std::string DescribeHoles() const;
  // Takes the messages of 'tail', which begins where this one ends. REQUIRES: both are indexed.
  void Join(const BlockCache& tail);

  uint64_t from() const { return from_; }
  uint64_t end() const { return from_ + bytes_.size(); }
  // Whether a message with this sequence, if the block has one, must be in here.
  bool Covers(Seq seq) const { return indexed() && (from_ == 0 || seq >= first_); }
  bool CoversAll() const { return indexed() && from_ == 0; }
  size_t BytesUsed() const;
  std::string_view Bytes(uint64_t offset, size_t size) const;

  // Messages in order of their sequence, numbered from 0.
  size_t size() const { return entries_.size(); }
  // The first one at or after 'seq'; size() if none.
  size_t IndexAt(Seq seq) const;
  Seq SeqAt(size_t index) const { return base_ + entries_[index].delta; }
  // Where it begins in the block.
  uint64_t OffsetAt(size_t index) const { return from_ + entries_[index].offset; }
  format::Record At(size_t index) const;
  // False: no message with this sequence is in here.
  bool Find(Seq seq, format::Record* out) const;

 private:
  struct Entry {
    uint32_t delta;   // Of the sequence, to base_.
    uint32_t offset;  // Into bytes_.
  };
  void Index(Seq seq, uint64_t offset);
  void LetGoFarBelow(Seq seq);

  uint64_t from_;
  Seq first_;
  Seq base_ = 0;  // The sequence of the first entry,
  Seq last_ = 0;  // and of the last one.
  std::string bytes_;
  std::vector<Entry> entries_;
  size_t indexed_ = 0;
  std::vector<Hole> holes_;
};

}  // namespace dunlin::file
