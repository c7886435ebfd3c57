// The records that a block file (N.blk) is made of, in the reference's layout. All numbers are
// little-endian.
//
//   0   4  length of the whole record; the highest bit says that it has a header
//   4   8  sequence; the two highest bits say what the record is (RecordKind)
//   12  8  time, nanoseconds since 1970
//   20  2  length of the subject
//   22     subject
//       4  length of the header   } only with the header bit
//          header                 }
//          payload
//       8  checksum: HighwayHash-64 of bytes 4 to 19, subject, header and payload, in this order
//
// The checksum does not cover the three lengths and the header bit. A wrong record length moves the
// checksum and so is found; a bit that flips in the other two can move the border between subject,
// header and payload unnoticed (reference: the same). Whoever decodes checks the subject.
//
// Sequences in a block only go up. A record whose sequence is not above that of all before it says
// nothing new (reference: skipped); a sequence that is left out was deleted.
//
// Pure: bytes in, values out, and back. Decoded views point into the caller's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/rng.h"
#include "engine/base/time.h"
#include "storage/crypto/highway_hash.h"

namespace dunlin::format {

inline constexpr size_t kRecordHeadBytes = 22;
inline constexpr size_t kRecordChecksumBytes = 8;
// A tombstone, or a skipped sequence.
inline constexpr size_t kEmptyRecordBytes = kRecordHeadBytes + kRecordChecksumBytes;
// reference: rlBadThresh. A longer one is damage when read and is refused when stored.
inline constexpr size_t kRecordBytesMax = 32u << 20;
inline constexpr size_t kRecordSubjectBytesMax = 0xffff;
// Sequences are below this; the bits above are RecordKind's.
inline constexpr uint64_t kRecordSeqEnd = uint64_t{1} << 62;

enum class RecordKind : uint8_t {
  kMessage,
  // A message that was erased (random bytes are left), or a sequence that was skipped. Also every
  // record with sequence 0.
  kErased,
  // Says that the message with this sequence, in any block, was deleted. Its time is that of the
  // deleted message. Empty.
  kTombstone,
};

struct Record {
  RecordKind kind = RecordKind::kMessage;
  bool has_header = false;  // The header bit. The header itself may be empty all the same.
  uint64_t seq = 0;
  WallTime time;
  std::string_view subject, header, payload;  // Of kErased: nothing to make sense of.
  uint64_t offset = 0;                        // Where it begins in its block.
  uint32_t bytes = 0;
  uint64_t checksum = 0;
};

// What a record takes: the whole of it. reference: fileStoreMsgSize.
[[nodiscard]] constexpr uint64_t RecordBytes(size_t subject, size_t header, size_t payload) {
  return kEmptyRecordBytes + subject + (header > 0 ? 4 + header : 0) + payload;
}

// Whether a message of these sizes can be stored at all.
[[nodiscard]] constexpr bool RecordFits(size_t subject, size_t header, size_t payload) {
  return subject <= kRecordSubjectBytesMax && header <= kRecordBytesMax &&
         payload <= kRecordBytesMax && RecordBytes(subject, header, payload) <= kRecordBytesMax;
}

// --- Encoding. Each appends one record to 'out' and returns its checksum. REQUIRES: the sequence
// is below kRecordSeqEnd, a message fits.

uint64_t AppendMessage(const crypto::HighwayHash64& checksum, uint64_t seq, WallTime time,
                       std::string_view subject, std::string_view header, std::string_view payload,
                       std::string* out);
uint64_t AppendTombstone(const crypto::HighwayHash64& checksum, uint64_t seq, WallTime time,
                         std::string* out);
uint64_t AppendSkipped(const crypto::HighwayHash64& checksum, uint64_t seq, WallTime time,
                       std::string* out);

// Encode into memory of the caller's: RecordBytes(), or kEmptyRecordBytes, at 'out'.
uint64_t EncodeMessage(const crypto::HighwayHash64& checksum, uint64_t seq, WallTime time,
                       std::string_view subject, std::string_view header, std::string_view payload,
                       uint8_t* out);
uint64_t EncodeTombstone(const crypto::HighwayHash64& checksum, uint64_t seq, WallTime time,
                         uint8_t* out);
uint64_t EncodeSkipped(const crypto::HighwayHash64& checksum, uint64_t seq, WallTime time,
                       uint8_t* out);

// Turns the record of 'bytes' bytes at 'record' into an erased one of the same length: subject,
// header and payload are overwritten with random bytes, the time goes. REQUIRES: it is a whole
// record.
uint64_t EraseRecord(const crypto::HighwayHash64& checksum, uint64_t seq, uint8_t* record,
                     size_t bytes, Rng* rng);

// --- Decoding.

// Why the bytes at an offset are no record.
enum class RecordDamage : uint8_t {
  kNone,
  kShort,      // Fewer bytes are left than the smallest record has.
  kBadLength,  // Lengths that contradict each other, or the end of the bytes.
  kBadChecksum,
};
// The reference's words: "message overrun", "sanity check failed", "invalid checksum".
[[nodiscard]] const char* Describe(RecordDamage damage);

// The record that begins at 'offset' of 'block'. Without 'checksum', what cannot be wrong without
// it is still checked. On damage 'out' is left as it was.
[[nodiscard]] RecordDamage DecodeRecord(std::string_view block, uint64_t offset,
                                        const crypto::HighwayHash64* checksum, Record* out);

// Walks the records of a block, in order, up to its end or to what is damaged:
//
//   RecordReader reader(bytes, &checksum);
//   Record record;
//   while (reader.Next(&record)) ...
//   if (reader.damage() != RecordDamage::kNone) ... at reader.offset()
//
// The whole bytes of a block, decrypted and decompressed, must be there; to walk in slices, stop
// and go on later. REQUIRES: bytes and checksum outlive this; checksum may be null (DecodeRecord).
class RecordReader {
 public:
  RecordReader(std::string_view block, const crypto::HighwayHash64* checksum, uint64_t offset = 0)
      : block_(block), checksum_(checksum), offset_(offset) {}

  [[nodiscard]] bool Next(Record* out);

  // Where the next record begins; at the end or at damage, where that is.
  uint64_t offset() const { return offset_; }
  bool at_end() const { return offset_ >= block_.size(); }
  RecordDamage damage() const { return damage_; }

 private:
  const std::string_view block_;
  const crypto::HighwayHash64* const checksum_;
  uint64_t offset_;
  RecordDamage damage_ = RecordDamage::kNone;
};

// Looks for a record with a right checksum at or after 'from', bit by bit, to tell a torn tail
// (there is none) from rot in the middle, and to say how much is gone. Searches at most
// 'hashed_bytes_max' bytes' worth of checksums: none is found then, too. Plausible in that search
// are sequences in [1, seq_max] and whole messages.
class RecordSearch {
 public:
  RecordSearch(uint64_t from, uint64_t seq_max, uint64_t hashed_bytes_max)
      : at_(from), seq_max_(seq_max), hashed_max_(hashed_bytes_max) {}

  // Goes on while there is a budget, which is lowered by what that was worth: bytes that were
  // hashed, and kPlaceCost for each place that was looked at. True: it is over. 'block' and
  // 'checksum' are the same in all calls.
  [[nodiscard]] bool Step(std::string_view block, const crypto::HighwayHash64& checksum,
                          uint64_t* budget);
  const std::optional<uint64_t>& found() const { return found_; }

  static constexpr uint64_t kPlaceCost = 16;

 private:
  uint64_t at_;
  uint64_t seq_max_, hashed_max_;
  uint64_t hashed_ = 0;
  std::optional<uint64_t> found_;
};

// All of such a search.
[[nodiscard]] std::optional<uint64_t> FindRecord(std::string_view block, uint64_t from,
                                                 const crypto::HighwayHash64& checksum,
                                                 uint64_t seq_max, uint64_t hashed_bytes_max);

}  // namespace dunlin::format
