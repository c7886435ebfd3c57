#include "storage/format/block_file.h"

#include <algorithm>

#include "engine/base/check.h"
#include "storage/format/byte_reader.h"
#include "storage/format/little_endian.h"
#include "storage/format/record.h"

namespace dunlin::format {
namespace {

constexpr std::string_view kMagic = "cmp";
constexpr uint8_t kS2 = 1;
// What each S2 stream begins with: a chunk that names the format.
constexpr std::string_view kS2Identifier{"\xff\x06\x00\x00S2sTwO", 10};

Fault FaultOf(s2::StreamFault fault) {
  switch (fault) {
    case s2::StreamFault::kNone: return Fault::kNone;
    case s2::StreamFault::kShort: return Fault::kShort;
    case s2::StreamFault::kBadChecksum: return Fault::kBadChecksum;
    default: return Fault::kBadValue;
  }
}

// What a header announces is there. In a record it would have to be in the sequence and the time.
bool IsNamedS2(std::string_view bytes) {
  ByteReader in(bytes, kMagic.size());
  const bool is_s2 = in.U8() == kS2;
  (void)in.Uvarint();
  return is_s2 && in.ok() && bytes.substr(in.offset()).starts_with(kS2Identifier);
}

}  // namespace

Damage ReadBlockHeader(std::string_view bytes, BlockHeader* out) {
  *out = {};
  constexpr size_t kShortest = 5;
  if (bytes.size() < kShortest || !bytes.starts_with(kMagic)) return {};
  // A record's length may begin like that.
  Record record;
  if (!IsNamedS2(bytes) && DecodeRecord(bytes, 0, nullptr, &record) == RecordDamage::kNone)
    return {};
  ByteReader in(bytes, kMagic.size());
  const uint8_t algorithm = in.U8();
  if (algorithm != kS2) return {Fault::kBadVersion, kMagic.size()};
  out->record_bytes = in.Uvarint();
  if (!in.ok()) return in.damage();
  if (in.left() < kRecordChecksumBytes) return {Fault::kShort, bytes.size()};
  out->compression = StoreCompression::kS2;
  out->header_bytes = in.offset();
  return {};
}

uint64_t LastChecksum(std::string_view bytes) {
  if (bytes.size() < kRecordChecksumBytes) return 0;
  return GetU64(bytes.data() + bytes.size() - kRecordChecksumBytes);
}

BlockUnpacker::BlockUnpacker(std::string bytes) : bytes_(std::move(bytes)) {
  damage_ = ReadBlockHeader(bytes_, &header_);
  if (!damage_.ok() || header_.header_bytes == 0) return;
  std::string_view stream = bytes_;
  stream.remove_prefix(header_.header_bytes);
  stream.remove_suffix(kRecordChecksumBytes);
  // Growing by doubling would copy megabytes in one step. The figure is only a header's word.
  records_.reserve(std::min(header_.record_bytes, kBlockRecordBytesMax));
  decoder_.emplace(stream, kBlockRecordBytesMax, &records_);
}

bool BlockUnpacker::Step() {
  if (!decoder_) return false;
  if (decoder_->Step()) return true;
  Finish();
  return false;
}

void BlockUnpacker::Finish() {
  if (decoder_->fault() != s2::StreamFault::kNone) {
    damage_ = {FaultOf(decoder_->fault()), header_.header_bytes + decoder_->offset()};
  } else {
    records_.append(bytes_, bytes_.size() - kRecordChecksumBytes);
  }
  decoder_.reset();
}

BlockCompressor::BlockCompressor(std::string_view records, std::string* out)
    : left_(records), out_(out), encoder_(out) {
  CHECK(records.size() >= kEmptyRecordBytes);
  left_.remove_suffix(kRecordChecksumBytes);
  checksum_ = records.substr(left_.size());
  out->append(kMagic);
  out->push_back(static_cast<char>(kS2));
  AppendUvarint(records.size(), out);
}

bool BlockCompressor::Step() {
  constexpr size_t kStepBytes = 256u << 10;
  const std::string_view piece = left_.substr(0, kStepBytes);
  encoder_.Append(piece);
  left_.remove_prefix(piece.size());
  if (!left_.empty()) return true;
  out_->append(checksum_);
  checksum_ = {};
  return false;
}

std::string CompressBlock(std::string_view records) {
  std::string out;
  BlockCompressor compressor(records, &out);
  while (compressor.Step()) {
  }
  return out;
}

}  // namespace dunlin::format
