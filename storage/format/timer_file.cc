#include "storage/format/timer_file.h"

#include <algorithm>

#include "storage/format/little_endian.h"

namespace dunlin::format {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kSubjectBytesMax = 0xffff;

}  // namespace

void AppendTimerHead(uint64_t entries, uint64_t next_seq, std::string* out) {
  out->push_back(static_cast<char>(kVersion));
  AppendU64(entries, out);
  AppendU64(next_seq, out);
}

void AppendTimerEntry(TimerFile kind, const TimerEntry& entry, std::string* out) {
  if (kind == TimerFile::kSchedules) {
    const auto size = static_cast<uint16_t>(std::min(entry.subject.size(), kSubjectBytesMax));
    uint8_t bytes[2];
    PutU16(size, bytes);
    out->append(reinterpret_cast<const char*>(bytes), sizeof(bytes));
    out->append(entry.subject.substr(0, size));
  }
  AppendVarint(entry.time.ns, out);
  AppendUvarint(entry.seq, out);
}

TimerFileReader::TimerFileReader(TimerFile kind, std::string_view bytes) : kind_(kind), in_(bytes) {
  const uint8_t version = in_.U8();
  if (in_.ok() && version != kVersion) in_.Fail(Fault::kBadVersion, 0);
  entries_ = in_.U64();
  next_seq_ = in_.U64();
  left_ = entries_;
}

bool TimerFileReader::Next(TimerEntry* entry) {
  if (left_ == 0 || !in_.ok()) return false;
  --left_;
  entry->subject = {};
  if (kind_ == TimerFile::kSchedules) entry->subject = in_.Bytes(in_.U16());
  entry->time = {in_.Varint()};
  entry->seq = in_.Uvarint();
  return in_.ok();
}

}  // namespace dunlin::format
