// Bytes as a block file of stream S, number 1: unpacked and walked, with checksums and without.
// What is read as whole is written again as the same bytes.
#include <cstdint>
#include <string>

#include "engine/base/check.h"
#include "storage/format/block_file.h"
#include "storage/format/checksum_key.h"
#include "storage/format/record.h"

namespace {

using dunlin::format::Record;
using dunlin::format::RecordDamage;
using dunlin::format::RecordKind;

void Walk(std::string_view records, const dunlin::crypto::HighwayHash64* checksum) {
  dunlin::format::RecordReader reader(records, checksum);
  Record record;
  uint64_t end = 0;
  while (reader.Next(&record)) {
    CHECK(record.offset == end);
    end += record.bytes;
    CHECK(end <= records.size() && reader.offset() == end);
    if (checksum == nullptr || record.kind != RecordKind::kMessage) continue;
    if (record.has_header && record.header.empty()) continue;  // Not how we write it.
    std::string again;
    dunlin::format::AppendMessage(*checksum, record.seq, record.time, record.subject, record.header,
                                  record.payload, &again);
    CHECK(again == records.substr(record.offset, record.bytes));
  }
  CHECK(reader.at_end() == (reader.damage() == RecordDamage::kNone));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const checksum =
      new dunlin::crypto::HighwayHash64(dunlin::format::BlockChecksum("S", 1));
  dunlin::format::BlockUnpacker unpacker(std::string(reinterpret_cast<const char*>(data), size));
  while (unpacker.Step()) {
  }
  const std::string& records = unpacker.records();
  Walk(records, checksum);
  Walk(records, nullptr);
  const auto found = dunlin::format::FindRecord(records, 1, *checksum, 1000, 1 << 20);
  Record record;
  CHECK(!found ||
        dunlin::format::DecodeRecord(records, *found, checksum, &record) == RecordDamage::kNone);
  return 0;
}
