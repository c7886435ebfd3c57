#include "storage/inspect/block_scan.h"

#include <utility>

#include "storage/format/block_file.h"

namespace dunlin::inspect {
namespace {

// How hard to look for a whole record behind damage, in bytes that checksums are made of.
constexpr uint64_t kSearchBytesMax = 1u << 30;
// A stream that counts further than this in one lifetime has earned a wrong report.
constexpr uint64_t kPlausibleSeqMax = uint64_t{1} << 48;

}  // namespace

BlockBytes UnpackBlock(std::string file, const crypto::DataKey* key) {
  if (key != nullptr) {
    crypto::BlockCipher(*key).Apply(0, reinterpret_cast<uint8_t*>(file.data()), file.size());
  }
  BlockBytes out;
  out.last_checksum = format::LastChecksum(file);
  format::BlockUnpacker unpacker(std::move(file));
  while (unpacker.Step()) {
  }
  out.compressed = unpacker.header().header_bytes > 0;
  out.damage = unpacker.damage();
  out.records = std::move(unpacker.records());
  return out;
}

bool BlockScan::Next(format::Record* record) {
  while (offset_ < records_.size()) {
    const format::RecordDamage damage = format::DecodeRecord(records_, offset_, checksum_, record);
    if (damage == format::RecordDamage::kNone) {
      offset_ += record->bytes;
      return true;
    }
    const auto next =
        format::FindRecord(records_, offset_ + 1, *checksum_, kPlausibleSeqMax, kSearchBytesMax);
    const uint64_t end = next.value_or(records_.size());
    gaps_.push_back({damage, offset_, end - offset_, !next.has_value()});
    offset_ = end;
  }
  return false;
}

}  // namespace dunlin::inspect
