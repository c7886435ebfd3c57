// Bytes as the batches of a segment: found, opened and walked as recovery does, and what was found
// put together. A checksum that is 0 in the input is filled in, so that inputs get past it.
#include <cstdint>
#include <cstring>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/crc32c.h"
#include "storage/disk.h"
#include "storage/journal/format.h"
#include "storage/journal/resolve.h"

namespace {

using namespace dunlin;           // NOLINT: a program of one file.
using namespace dunlin::journal;  // NOLINT

constexpr uint32_t kSeed = 42;

// A checksum of zero is made right, for the bytes that it covers.
void MakeRight(uint8_t* at, size_t crc_at, size_t covered_from, size_t covered) {
  uint32_t crc = 0;
  std::memcpy(&crc, at + crc_at, 4);
  if (crc != 0) return;
  crc = kSeed;
  if (crc_at > 0) crc = Crc32c(crc, {at, crc_at});
  crc = Crc32c(crc, {at + covered_from, covered});
  std::memcpy(at + crc_at, &crc, 4);
}

void MakeRecordsRight(uint8_t* at, size_t size) {
  while (size >= kRecordHeaderBytes) {
    uint32_t body = 0;
    std::memcpy(&body, at + 4, 4);
    if (body > size - kRecordHeaderBytes || RecordBytes(body) > size) return;
    MakeRight(at, 0, 4, kRecordHeaderBytes - 4 + body);
    at += RecordBytes(body);
    size -= RecordBytes(body);
  }
}

void Walk(const Mark& mark, std::span<const uint8_t> records) {
  RecordReader reader(records, kSeed);
  RecordView record;
  uint32_t count = 0;
  while (reader.Next(&record)) {
    ++count;
    CHECK(record.asset < kAssetsMax);
    if (record.body.empty()) continue;
    CHECK(record.body.data() >= records.data());
    CHECK(record.body.data() + record.body.size() <= records.data() + records.size());
  }
  CHECK(!reader.bad() && count == mark.records);
}

void CheckResolution(const Resolution& resolution) {
  uint64_t last = 0;
  for (const FoundBatch& batch : resolution.accepted) {
    CHECK(batch.mark.number > last);
    CHECK(batch.segment >= resolution.head);
    last = batch.mark.number;
  }
  CHECK(last <= resolution.number_seen);
  size_t before = 0;
  for (const Damage& damage : resolution.damages) {
    CHECK(damage.before >= before && damage.before <= resolution.accepted.size());
    before = damage.before;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint8_t> bytes(data, data + size);
  bytes.resize(RoundUp(size + kHeaderBytes, kSectorBytes));
  (void)DecodeHeader(bytes);

  std::vector<FoundBatch> found;
  std::vector<uint8_t> scratch;
  for (size_t at = 0; at + kMarkBytes <= bytes.size();) {
    MakeRight(bytes.data() + at, 4, 8, kMarkBytes - 8);
    const auto mark = DecodeMark({bytes.data() + at, kMarkBytes}, kSeed);
    const size_t next = at + kSectorBytes;
    if (mark && mark->bytes <= bytes.size() - at - kMarkBytes) {
      MakeRecordsRight(bytes.data() + at + kMarkBytes, mark->bytes);
      const auto records = OpenBatch(*mark, bytes.data() + at, {}, 1, kSeed, nullptr, &scratch);
      if (records) {
        Walk(*mark, *records);
        const uint64_t end = RoundUp(at + kMarkBytes + mark->bytes, kSectorBytes);
        // Spread over segments, by a number that the input chooses.
        const uint64_t segment = found.empty() ? 1 : found.back().segment + (mark->flags >> 8) % 2;
        found.push_back({segment, 0, kHeaderBytes + at, kHeaderBytes + end, *mark});
        at = end;
        continue;
      }
    }
    at = next;
  }
  CheckResolution(Resolve(std::move(found)));
  return 0;
}
