#include "storage/file/journal_record.h"

#include "storage/format/little_endian.h"

namespace dunlin::file {

using format::GetU32;
using format::GetU64;
using format::PutU32;
using format::PutU64;

void EncodeJournalHead(const JournalHead& head, uint8_t* out) {
  PutU64(head.number, out);
  PutU64(head.floor, out + 8);
  PutU32(head.block, out + 16);
  PutU32(head.offset, out + 20);
}

bool DecodeJournalHead(std::span<const uint8_t> body, JournalHead* out) {
  if (body.size() < kJournalHeadBytes) return false;
  *out = {GetU64(body.data()), GetU64(body.data() + 8), GetU32(body.data() + 16),
          GetU32(body.data() + 20)};
  return true;
}

void EncodeJournalMark(const JournalMark& mark, uint8_t* out) {
  PutU64(mark.seq, out);
  PutU64(static_cast<uint64_t>(mark.time.ns), out + 8);
}

bool DecodeJournalMark(std::span<const uint8_t> rest, JournalMark* out) {
  if (rest.size() != kJournalMarkBytes) return false;
  *out = {GetU64(rest.data()), WallTime{static_cast<int64_t>(GetU64(rest.data() + 8))}};
  return true;
}

std::string EncodePurgeIntent(const PurgeIntent& intent) {
  uint8_t bound[8];
  PutU64(intent.bound, bound);
  return std::string(reinterpret_cast<const char*>(bound), sizeof(bound)) + intent.filter;
}

bool DecodePurgeIntent(std::string_view rest, PurgeIntent* out) {
  if (rest.size() < 8) return false;
  *out = {GetU64(rest.data()), std::string(rest.substr(8))};
  return true;
}

}  // namespace dunlin::file
