#include "storage/format/record.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"
#include "storage/format/little_endian.h"

namespace dunlin::format {
namespace {

constexpr uint32_t kHeaderBit = uint32_t{1} << 31;
constexpr uint64_t kErasedBit = uint64_t{1} << 63;
constexpr uint64_t kTombstoneBit = uint64_t{1} << 62;
constexpr size_t kHashedFrom = 4, kHashedTo = 20;
constexpr size_t kHeaderLengthBytes = 4;

void PutHead(uint32_t length, uint64_t seq, WallTime time, size_t subject, uint8_t* out) {
  PutU32(length, out);
  PutU64(seq, out + 4);
  PutU64(static_cast<uint64_t>(time.ns), out + 12);
  PutU16(static_cast<uint16_t>(subject), out + 20);
}

std::string_view HashedHead(const uint8_t* record) {
  return {reinterpret_cast<const char*>(record) + kHashedFrom, kHashedTo - kHashedFrom};
}

uint64_t EncodeEmpty(const crypto::HighwayHash64& checksum, uint64_t seq, WallTime time,
                     uint8_t* out) {
  PutHead(kEmptyRecordBytes, seq, time, 0, out);
  const uint64_t hash = checksum.Of(HashedHead(out));
  PutU64(hash, out + kRecordHeadBytes);
  return hash;
}

uint8_t* MoreOf(std::string* out, size_t bytes) {
  out->resize(out->size() + bytes);
  return reinterpret_cast<uint8_t*>(out->data()) + out->size() - bytes;
}

uint8_t* Put(std::string_view bytes, uint8_t* out) {
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

}  // namespace

uint64_t EncodeMessage(const crypto::HighwayHash64& checksum, uint64_t seq, WallTime time,
                       std::string_view subject, std::string_view header, std::string_view payload,
                       uint8_t* out) {
  CHECK(RecordFits(subject.size(), header.size(), payload.size()));
  CHECK(seq < kRecordSeqEnd);
  const auto bytes =
      static_cast<uint32_t>(RecordBytes(subject.size(), header.size(), payload.size()));
  PutHead(header.empty() ? bytes : bytes | kHeaderBit, seq, time, subject.size(), out);
  uint8_t* at = Put(subject, out + kRecordHeadBytes);
  if (!header.empty()) {
    PutU32(static_cast<uint32_t>(header.size()), at);
    at = Put(header, at + kHeaderLengthBytes);
  }
  at = Put(payload, at);
  const uint64_t hash = checksum.Of({HashedHead(out), subject, header, payload});
  PutU64(hash, at);
  return hash;
}

uint64_t AppendMessage(const crypto::HighwayHash64& checksum, uint64_t seq, WallTime time,
                       std::string_view subject, std::string_view header, std::string_view payload,
                       std::string* out) {
  const size_t bytes = RecordBytes(subject.size(), header.size(), payload.size());
  return EncodeMessage(checksum, seq, time, subject, header, payload, MoreOf(out, bytes));
}

uint64_t EncodeTombstone(const crypto::HighwayHash64& checksum, uint64_t seq, WallTime time,
                         uint8_t* out) {
  CHECK(seq < kRecordSeqEnd);
  return EncodeEmpty(checksum, seq | kTombstoneBit, time, out);
}

uint64_t EncodeSkipped(const crypto::HighwayHash64& checksum, uint64_t seq, WallTime time,
                       uint8_t* out) {
  CHECK(seq < kRecordSeqEnd);
  return EncodeEmpty(checksum, seq | kErasedBit, time, out);
}

uint64_t AppendTombstone(const crypto::HighwayHash64& checksum, uint64_t seq, WallTime time,
                         std::string* out) {
  return EncodeTombstone(checksum, seq, time, MoreOf(out, kEmptyRecordBytes));
}

uint64_t AppendSkipped(const crypto::HighwayHash64& checksum, uint64_t seq, WallTime time,
                       std::string* out) {
  return EncodeSkipped(checksum, seq, time, MoreOf(out, kEmptyRecordBytes));
}

uint64_t EraseRecord(const crypto::HighwayHash64& checksum, uint64_t seq, uint8_t* record,
                     size_t bytes, Rng* rng) {
  CHECK(bytes >= kEmptyRecordBytes && bytes <= kRecordBytesMax && seq < kRecordSeqEnd);
  PutHead(static_cast<uint32_t>(bytes), seq | kErasedBit, WallTime{}, 0, record);
  uint8_t* const end = record + bytes - kRecordChecksumBytes;
  for (uint8_t* at = record + kRecordHeadBytes; at < end;) {
    const uint64_t word = rng->Next();
    const size_t n = end - at < 8 ? static_cast<size_t>(end - at) : 8;
    std::memcpy(at, &word, n);
    at += n;
  }
  const std::string_view left(reinterpret_cast<const char*>(record) + kRecordHeadBytes,
                              bytes - kEmptyRecordBytes);
  const uint64_t hash = checksum.Of({HashedHead(record), left});
  PutU64(hash, end);
  return hash;
}

const char* Describe(RecordDamage damage) {
  switch (damage) {
    case RecordDamage::kNone: return "no damage";
    case RecordDamage::kShort: return "message overrun";
    case RecordDamage::kBadLength: return "sanity check failed";
    case RecordDamage::kBadChecksum: return "invalid checksum";
  }
  return "";
}

RecordDamage DecodeRecord(std::string_view block, uint64_t offset,
                          const crypto::HighwayHash64* checksum, Record* out) {
  if (offset > block.size() || block.size() - offset < kRecordHeadBytes) {
    return RecordDamage::kShort;
  }
  const size_t left = block.size() - offset;
  const auto* head = reinterpret_cast<const uint8_t*>(block.data()) + offset;
  const uint32_t length = GetU32(head);
  const bool has_header = (length & kHeaderBit) != 0;
  const size_t bytes = length & ~kHeaderBit;
  const size_t subject_bytes = GetU16(head + 20);
  const size_t before_text = subject_bytes + (has_header ? kHeaderLengthBytes : 0);
  if (bytes < kEmptyRecordBytes + before_text || bytes > left || bytes > kRecordBytesMax) {
    return RecordDamage::kBadLength;
  }
  const std::string_view subject = block.substr(offset + kRecordHeadBytes, subject_bytes);
  // Header and payload.
  const std::string_view text = block.substr(offset + kRecordHeadBytes + before_text,
                                             bytes - kEmptyRecordBytes - before_text);
  const uint64_t stored = GetU64(head + bytes - kRecordChecksumBytes);
  if (checksum != nullptr && checksum->Of({HashedHead(head), subject, text}) != stored) {
    return RecordDamage::kBadChecksum;
  }
  const uint64_t seq = GetU64(head + 4);
  // reference: the tombstone's bit is looked at first.
  const RecordKind kind = (seq & kTombstoneBit) != 0            ? RecordKind::kTombstone
                          : (seq & kErasedBit) != 0 || seq == 0 ? RecordKind::kErased
                                                                : RecordKind::kMessage;
  // What is left of an erased message is no lengths but noise.
  const size_t header_bytes = has_header && kind == RecordKind::kMessage
                                  ? GetU32(head + kRecordHeadBytes + subject_bytes)
                                  : 0;
  if (header_bytes > text.size()) return RecordDamage::kBadLength;
  out->kind = kind;
  out->has_header = has_header;
  out->seq = seq & ~(kErasedBit | kTombstoneBit);
  out->time = {static_cast<int64_t>(GetU64(head + 12))};
  out->subject = subject;
  out->header = text.substr(0, header_bytes);
  out->payload = text.substr(header_bytes);
  out->offset = offset;
  out->bytes = static_cast<uint32_t>(bytes);
  out->checksum = stored;
  return RecordDamage::kNone;
}

bool RecordReader::Next(Record* out) {
  if (at_end() || damage_ != RecordDamage::kNone) return false;
  damage_ = DecodeRecord(block_, offset_, checksum_, out);
  if (damage_ != RecordDamage::kNone) return false;
  offset_ += out->bytes;
  return true;
}

bool RecordSearch::Step(std::string_view block, const crypto::HighwayHash64& checksum,
                        uint64_t* budget) {
  const auto pay = [&](uint64_t cost) { *budget -= std::min(*budget, cost); };
  for (; at_ + kEmptyRecordBytes <= block.size(); ++at_) {
    if (*budget == 0) return false;
    pay(kPlaceCost);
    Record record;
    if (DecodeRecord(block, at_, nullptr, &record) != RecordDamage::kNone) continue;
    if (record.seq == 0 || record.seq > seq_max_) continue;
    hashed_ += record.bytes;
    if (hashed_ > hashed_max_) return true;
    pay(record.bytes);
    if (DecodeRecord(block, at_, &checksum, &record) != RecordDamage::kNone) continue;
    found_ = at_;
    return true;
  }
  return true;
}

std::optional<uint64_t> FindRecord(std::string_view block, uint64_t from,
                                   const crypto::HighwayHash64& checksum, uint64_t seq_max,
                                   uint64_t hashed_bytes_max) {
  RecordSearch search(from, seq_max, hashed_bytes_max);
  uint64_t budget = UINT64_MAX;
  while (!search.Step(block, checksum, &budget)) budget = UINT64_MAX;
  return search.found();
}

}  // namespace dunlin::format
