// The journal's bytes: what a segment, a batch and a record look like. Little endian.
//
//   segment   a header of kHeaderBytes, then batches, each on a multiple of the alignment
//   header    twice the same block of 64, at 0 and at kSecondHeader, in sectors of their own:
//             magic 8 | format 4 | crc 4 | segment id 8 | store 16 | segment bytes 8 | alignment 4
//             | flags 4 | 0 8
//   batch     a mark of kMarkBytes, then records, then (encrypted: the tag of 16, then) zeros
//   mark      magic 2 | flags 2 | crc 4 | bytes behind the mark 4 | records 4 | number 8 |
//             number of the batch before 8 | durable through 8 | oldest live segment 8 | life 8 |
//             the life starts behind 8
//   record    crc 4 | body bytes 4 | asset 4 | kind 1 | flags 1 | tag 2, body, zeros up to 8 bytes
//             (tag: of the asset's incarnation, OwnerTag)
//   a copied record's body starts with  batch 8 | index in it 4 | 0 4 | incarnation 16
//
// Checksums are CRC-32C, seeded with the store and the segment id, so that what an earlier use of
// the file left never verifies. A mark's and a record's cover all that follows them in their
// structure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/store/incarnation.h"
#include "storage/journal/segment_cipher.h"

namespace dunlin::journal {

inline constexpr size_t kHeaderBytes = 4096;
inline constexpr size_t kSecondHeader = 2048;
inline constexpr size_t kMarkBytes = 64;
inline constexpr size_t kRecordHeaderBytes = 16;
inline constexpr size_t kCopyPrefixBytes = 32;
// Asset numbers on disk are below this.
inline constexpr uint32_t kAssetsMax = 1u << 22;

// Record kinds of the journal's own; users' are below.
inline constexpr uint8_t kOwnKinds = 0xf0;
// From here on 'asset' is this incarnation: the body; behind that its name, where a segment speaks
// of the asset for the first time.
inline constexpr uint8_t kDeclare = 0xf0;
inline constexpr size_t kNameBytesMax = 1024;
// Record flags.
inline constexpr uint8_t kCopied = 1;
// Batch flags.
inline constexpr uint16_t kSealedByCipher = 1;
inline constexpr uint16_t kHasCopies = 2;

constexpr uint64_t RoundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

struct SegmentHeader {
  uint64_t id = 0;
  Incarnation store;
  uint64_t segment_bytes = 0;
  uint32_t alignment = 0;
  bool encrypted = false;
  // Encrypted: nothing at all, sealed; tells a wrong key from damage.
  std::array<uint8_t, 16> key_check{};
};
// 'out' has kHeaderBytes.
void EncodeHeader(const SegmentHeader& header, uint8_t* out);
// The newer of the two copies; nullopt if neither is whole. REQUIRES: kHeaderBytes.
[[nodiscard]] std::optional<SegmentHeader> DecodeHeader(std::span<const uint8_t> bytes);

// What the checksums of a segment start with.
[[nodiscard]] uint32_t SegmentSeed(const Incarnation& store, uint64_t segment_id);

struct Mark {
  uint16_t flags = 0;
  uint32_t bytes = 0;
  uint32_t records = 0;
  uint64_t number = 0;
  uint64_t prev = 0;
  uint64_t durable = 0;
  uint64_t head = 0;
  uint64_t life = 0;
  uint64_t life_from = 0;
};
void EncodeMark(const Mark& mark, uint32_t seed, uint8_t* out);
// nullopt if it is no mark, or not one of this segment. REQUIRES: kMarkBytes.
[[nodiscard]] std::optional<Mark> DecodeMark(std::span<const uint8_t> bytes, uint32_t seed);

struct RecordView {
  uint32_t asset = 0;
  uint8_t kind = 0;
  uint8_t flags = 0;
  uint16_t tag = 0;
  std::span<const uint8_t> body;  // Without the prefix of a copied one.
  // kCopied: where it was at first, and whose it is.
  uint64_t batch = 0;
  uint32_t index = 0;
  Incarnation incarnation;
};

constexpr size_t RecordBytes(size_t body) { return kRecordHeaderBytes + RoundUp(body, 8); }

// Tells owners apart whose numbers are the same: for when a declaration is lost in between.
[[nodiscard]] uint16_t OwnerTag(const Incarnation& incarnation);

// Completes the record at 'out', whose body of 'body_bytes' is already in place behind the header.
struct RecordHead {
  uint32_t asset = 0;
  uint16_t tag = 0;
  uint8_t kind = 0;
  uint8_t flags = 0;
};
void FinishRecord(uint32_t seed, const RecordHead& head, size_t body_bytes, uint8_t* out);
void EncodeCopyPrefix(uint64_t batch, uint32_t index, const Incarnation& incarnation, uint8_t* out);

// Walks the records of a batch.
class RecordReader {
 public:
  RecordReader(std::span<const uint8_t> records, uint32_t seed) : rest_(records), seed_(seed) {}
  // False at the end, and at a record that is not whole: then bad().
  bool Next(RecordView* record);
  bool bad() const { return bad_; }

 private:
  std::span<const uint8_t> rest_;
  uint32_t seed_;
  bool bad_ = false;
};

// The part of an encoded mark that a cipher authenticates along with the records.
inline std::span<const uint8_t> AuthenticatedPart(const uint8_t* mark) {
  return {mark + 8, kMarkBytes - 8};
}

// The records of a batch whose mark was decoded from 'batch' (all of its kMarkBytes + mark.bytes
// bytes), in place or decrypted into 'scratch'; nullopt if anything about them is not whole.
[[nodiscard]] std::optional<std::span<const uint8_t>> OpenBatch(
    const Mark& mark, const uint8_t* batch, const Incarnation& store, uint64_t segment,
    uint32_t seed, SegmentCipher* cipher, std::vector<uint8_t>* scratch);

// Whether 'records' (decrypted) is what 'mark' announces.
[[nodiscard]] bool RecordsAreWhole(const Mark& mark, std::span<const uint8_t> records,
                                   uint32_t seed);

}  // namespace dunlin::journal
