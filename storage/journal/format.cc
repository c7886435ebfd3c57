#include "storage/journal/format.h"

#include <cstring>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/crc32c.h"
#include "engine/base/mutant.h"
#include "engine/base/rng.h"
#include "storage/disk.h"

namespace dunlin::journal {
namespace {

constexpr uint64_t kSegmentMagic = 0x314c4e4a4c4e4c44;  // "DLNLJNL1"
constexpr uint32_t kFormat = 1;
constexpr uint16_t kMarkMagic = 0x6a44;  // "Dj"
constexpr size_t kHeaderBlock = 80;
constexpr uint32_t kEncrypted = 1;  // Segment flag.

template <class T>
void Put(uint8_t* out, T value) {
  std::memcpy(out, &value, sizeof value);
}
template <class T>
T Get(const uint8_t* in) {
  T value;
  std::memcpy(&value, in, sizeof value);
  return value;
}

// The checksum lies in the block itself: it covers what is before and behind.
uint32_t HeaderCrc(const uint8_t* block) {
  return Crc32c(Crc32c(0, {block, 12}), {block + 16, kHeaderBlock - 16});
}

std::optional<SegmentHeader> DecodeHeaderBlock(const uint8_t* block) {
  if (Get<uint64_t>(block) != kSegmentMagic || Get<uint32_t>(block + 8) != kFormat ||
      Get<uint32_t>(block + 12) != HeaderCrc(block))
    return std::nullopt;
  SegmentHeader header;
  header.id = Get<uint64_t>(block + 16);
  std::memcpy(header.store.bytes.data(), block + 24, 16);
  header.segment_bytes = Get<uint64_t>(block + 40);
  header.alignment = Get<uint32_t>(block + 48);
  header.encrypted = (Get<uint32_t>(block + 52) & kEncrypted) != 0;
  std::memcpy(header.key_check.data(), block + 64, 16);
  if (header.id == 0 || (header.alignment != kSectorBytes && header.alignment != kDirectAlignment))
    return std::nullopt;
  return header;
}

uint32_t MarkCrc(uint32_t seed, const uint8_t* mark) {
  return Crc32c(Crc32c(seed, {mark, 4}), {mark + 8, kMarkBytes - 8});
}

}  // namespace

void EncodeHeader(const SegmentHeader& header, uint8_t* out) {
  std::memset(out, 0, kHeaderBytes);
  Put(out, kSegmentMagic);
  Put(out + 8, kFormat);
  Put(out + 16, header.id);
  std::memcpy(out + 24, header.store.bytes.data(), 16);
  Put(out + 40, header.segment_bytes);
  Put(out + 48, header.alignment);
  Put(out + 52, header.encrypted ? kEncrypted : uint32_t{0});
  std::memcpy(out + 64, header.key_check.data(), 16);
  Put(out + 12, HeaderCrc(out));
  std::memcpy(out + kSecondHeader, out, kHeaderBlock);
}

std::optional<SegmentHeader> DecodeHeader(std::span<const uint8_t> bytes) {
  CHECK(bytes.size() >= kHeaderBytes);
  const auto first = DecodeHeaderBlock(bytes.data());
  const auto second = DecodeHeaderBlock(bytes.data() + kSecondHeader);
  if (!first || !second) return first ? first : second;
  // They differ when a power loss took one of the two sectors: ids go up.
  return first->id >= second->id ? first : second;
}

uint32_t SegmentSeed(const Incarnation& store, uint64_t segment_id) {
  return static_cast<uint32_t>(StableHash(
      {reinterpret_cast<const char*>(store.bytes.data()), store.bytes.size()}, segment_id));
}

void EncodeMark(const Mark& mark, uint32_t seed, uint8_t* out) {
  Put(out, kMarkMagic);
  Put(out + 2, mark.flags);
  Put(out + 8, mark.bytes);
  Put(out + 12, mark.records);
  Put(out + 16, mark.number);
  Put(out + 24, mark.prev);
  Put(out + 32, mark.durable);
  Put(out + 40, mark.head);
  Put(out + 48, mark.life);
  Put(out + 56, mark.life_from);
  Put(out + 4, MarkCrc(seed, out));
}

std::optional<Mark> DecodeMark(std::span<const uint8_t> bytes, uint32_t seed) {
  CHECK(bytes.size() >= kMarkBytes);
  const uint8_t* in = bytes.data();
  if (Get<uint16_t>(in) != kMarkMagic || Get<uint32_t>(in + 4) != MarkCrc(seed, in))
    return std::nullopt;
  Mark mark;
  mark.flags = Get<uint16_t>(in + 2);
  mark.bytes = Get<uint32_t>(in + 8);
  mark.records = Get<uint32_t>(in + 12);
  mark.number = Get<uint64_t>(in + 16);
  mark.prev = Get<uint64_t>(in + 24);
  mark.durable = Get<uint64_t>(in + 32);
  mark.head = Get<uint64_t>(in + 40);
  mark.life = Get<uint64_t>(in + 48);
  mark.life_from = Get<uint64_t>(in + 56);
  return mark;
}

uint16_t OwnerTag(const Incarnation& incarnation) {
  return static_cast<uint16_t>(Crc32c(0, incarnation.bytes));
}

void FinishRecord(uint32_t seed, const RecordHead& head, size_t body_bytes, uint8_t* out) {
  Put(out + 4, static_cast<uint32_t>(body_bytes));
  Put(out + 8, head.asset);
  out[12] = head.kind;
  out[13] = head.flags;
  Put(out + 14, head.tag);
  uint8_t* end = out + kRecordHeaderBytes + body_bytes;
  std::memset(end, 0, RoundUp(body_bytes, 8) - body_bytes);
  Put(out, Crc32c(seed, {out + 4, kRecordHeaderBytes - 4 + body_bytes}));
}

void EncodeCopyPrefix(uint64_t batch, uint32_t index, const Incarnation& incarnation,
                      uint8_t* out) {
  Put(out, batch);
  Put(out + 8, index);
  Put(out + 12, uint32_t{0});
  std::memcpy(out + 16, incarnation.bytes.data(), 16);
}

bool RecordReader::Next(RecordView* record) {
  if (rest_.empty() || bad_) return false;
  bad_ = true;  // Until all is found to be well.
  if (rest_.size() < kRecordHeaderBytes) return false;
  const uint8_t* in = rest_.data();
  const size_t size = Get<uint32_t>(in + 4);
  if (size > rest_.size() || RecordBytes(size) > rest_.size()) return false;
  // Mutant 111: a record is taken as it is.
  if (Get<uint32_t>(in) != Crc32c(seed_, {in + 4, kRecordHeaderBytes - 4 + size}) && !MUTANT(111))
    return false;
  record->asset = Get<uint32_t>(in + 8);
  record->kind = in[12];
  record->flags = in[13];
  record->tag = Get<uint16_t>(in + 14);
  record->body = {in + kRecordHeaderBytes, size};
  if (record->asset >= kAssetsMax) return false;
  if (record->kind == kDeclare && size < sizeof(Incarnation)) return false;
  if ((record->flags & kCopied) != 0) {
    if (size < kCopyPrefixBytes) return false;
    const uint8_t* prefix = record->body.data();
    record->batch = Get<uint64_t>(prefix);
    record->index = Get<uint32_t>(prefix + 8);
    std::memcpy(record->incarnation.bytes.data(), prefix + 16, 16);
    record->body = record->body.subspan(kCopyPrefixBytes);
  }
  rest_ = rest_.subspan(RecordBytes(size));
  bad_ = false;
  return true;
}

std::optional<std::span<const uint8_t>> OpenBatch(const Mark& mark, const uint8_t* batch,
                                                  const Incarnation& store, uint64_t segment,
                                                  uint32_t seed, SegmentCipher* cipher,
                                                  std::vector<uint8_t>* scratch) {
  std::span<const uint8_t> records(batch + kMarkBytes, mark.bytes);
  if ((mark.flags & kSealedByCipher) != 0) {
    if (cipher == nullptr || mark.bytes < SegmentCipher::kTagBytes) return std::nullopt;
    scratch->resize(mark.bytes - SegmentCipher::kTagBytes);
    if (!cipher->Open({store, segment, mark.number, mark.life}, AuthenticatedPart(batch), records,
                      scratch->data()))
      return std::nullopt;
    records = *scratch;
  }
  if (!RecordsAreWhole(mark, records, seed)) return std::nullopt;
  return records;
}

bool RecordsAreWhole(const Mark& mark, std::span<const uint8_t> records, uint32_t seed) {
  RecordReader reader(records, seed);
  RecordView record;
  uint64_t count = 0;
  while (reader.Next(&record)) ++count;
  return !reader.bad() && count == mark.records;
}

}  // namespace dunlin::journal
