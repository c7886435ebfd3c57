// index.db: what a stream's blocks hold, so that opening it need not read them. A cache: it may be
// missing, old or damaged, and is then rebuilt from the blocks.
//
//   11, version; the stream: messages, bytes, first sequence and time, last sequence and time;
//   each subject: its bytes, messages, first and last block; each block: number, bytes, first
//   sequence and time, last sequence and time, how many are deleted in between, how many messages
//   have a TTL, how many a schedule, and the deleted ones as a SeqSet; last, the number of the
//   last block and the checksum of its last record, by which a stale index is found out.
//
// All of it as varints; times of blocks are relative to the stream's first. Version 1 knew no TTLs,
// version 2 no schedules, version 3 left out a subject's last block when it had one message.
// Behind all that the reference does not look: what stands there, if it begins with
// kIndexExtraMagic, is for us (storage/file/index_file.h).
//
// In an encrypted store this is sealed with the stream's key. Behind it all stands its
// HighwayHash-64 by StreamChecksum() (as sealed).
//
// A stream can have millions of subjects: both directions work piece by piece, for an owner that
// does so in slices.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/seq_set.h"
#include "engine/base/time.h"
#include "storage/crypto/highway_hash.h"
#include "storage/format/byte_reader.h"
#include "storage/format/damage.h"

namespace dunlin::format {

inline constexpr std::string_view kIndexExtraMagic = "DLX\x01";

// Times are 0 where there is none (no messages).
struct IndexStream {
  uint64_t msgs = 0;
  uint64_t bytes = 0;
  uint64_t first_seq = 0;
  WallTime first_time;
  uint64_t last_seq = 0;
  WallTime last_time;
  bool operator==(const IndexStream&) const = default;
};

struct IndexSubject {
  std::string_view subject;  // Into the reader's bytes.
  uint64_t msgs = 0;
  uint32_t first_block = 0;
  uint32_t last_block = 0;
  bool operator==(const IndexSubject&) const = default;
};

struct IndexBlock {
  uint32_t number = 0;
  uint64_t bytes = 0;  // Of its messages, without what was deleted.
  uint64_t first_seq = 0;
  WallTime first_time;
  uint64_t last_seq = 0;  // first_seq - 1 if it holds no messages.
  WallTime last_time;
  uint64_t ttls = 0;
  uint64_t schedules = 0;
  SeqSet deleted;
  bool operator==(const IndexBlock&) const = default;

  uint64_t msgs() const;
};

struct IndexTail {
  uint32_t last_block = 0;
  uint64_t last_checksum = 0;
  bool operator==(const IndexTail&) const = default;
};

// Writes a plain index of the latest version. The calls come in this order; the pieces may be far
// apart in time as long as what they describe does not change in between.
class IndexWriter {
 public:
  // REQUIRES: 'out' outlives this.
  IndexWriter(const IndexStream& stream, uint64_t subjects, std::string* out);

  void Add(const IndexSubject& subject);  // 'subjects' times, in any order.
  void BeginBlocks(uint64_t blocks);
  void Add(const IndexBlock& block);  // 'blocks' times, by number.
  void End(const IndexTail& tail);

 private:
  std::string* const out_;
  const int64_t base_time_;
  uint64_t subjects_left_;
  uint64_t blocks_left_ = 0;
};

// Reads a plain index piece by piece:
//
//   IndexReader reader(bytes);
//   while (true) switch (reader.Next()) {
//     case IndexReader::Piece::kSubject: use(reader.subject()); break;
//     case IndexReader::Piece::kBlock: use(reader.block()); break;
//     case IndexReader::Piece::kEnd: return reader.tail();
//     case IndexReader::Piece::kDamaged: return reader.damage();
//   }
//
// Says only whether the bytes are well formed; whether blocks and stream agree is the store's to
// check (as the reference does).
class IndexReader {
 public:
  // REQUIRES: 'bytes' outlive this.
  explicit IndexReader(std::string_view bytes);

  enum class Piece : uint8_t { kSubject, kBlock, kEnd, kDamaged };
  [[nodiscard]] Piece Next();

  int version() const { return version_; }
  // From the beginning on, if not damaged.
  const IndexStream& stream() const { return stream_; }
  uint64_t subjects() const { return subjects_; }
  // After the piece that it names.
  const IndexSubject& subject() const { return subject_; }
  const IndexBlock& block() const { return block_; }
  const IndexTail& tail() const { return tail_; }
  // After kEnd: from kIndexExtraMagic on; empty if there is nothing.
  std::string_view extra() const { return extra_; }
  const Damage& damage() const { return in_.damage(); }

 private:
  Piece NextSubject();
  Piece NextBlock();
  Piece ReadTail();
  Piece Damaged(Fault fault);

  ByteReader in_;
  uint8_t version_ = 0;
  enum class State : uint8_t { kSubjects, kBlocks, kDone } state_ = State::kSubjects;
  IndexStream stream_;
  uint64_t subjects_ = 0;
  uint64_t left_ = 0;  // Subjects, or blocks, to come.
  IndexSubject subject_;
  IndexBlock block_;
  IndexTail tail_;
  std::string_view extra_;
};

// The file: plain or sealed bytes with their checksum behind. Both walk all bytes.
void AppendIndexChecksum(const crypto::HighwayHash64& checksum, std::string* file);
[[nodiscard]] Damage CheckIndexFile(std::string_view file, const crypto::HighwayHash64& checksum,
                                    std::string_view* content);

}  // namespace dunlin::format
