// thw.db and sched.db: which messages have a time to live, and which are to be published at a time
// of their own. Caches, as index.db is; each says from which sequence on messages are not in it.
//
//   1; number of entries u64; next sequence u64; then, for each entry:
//   thw.db:   when it expires (varint), sequence (uvarint)
//   sched.db: subject (length u16, bytes), when it fires (varint), sequence (uvarint)
//
// Neither has a checksum, and neither is encrypted (reference: the same). Read and written entry by
// entry, for an owner that works in slices.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "storage/format/byte_reader.h"
#include "storage/format/damage.h"

namespace dunlin::format {

enum class TimerFile : uint8_t { kTtls, kSchedules };

struct TimerEntry {
  uint64_t seq = 0;
  WallTime time;
  std::string_view subject;  // kSchedules; into the reader's bytes.
  bool operator==(const TimerEntry&) const = default;
};

void AppendTimerHead(uint64_t entries, uint64_t next_seq, std::string* out);
// A subject longer than 65,535 bytes is cut (reference: the same).
void AppendTimerEntry(TimerFile kind, const TimerEntry& entry, std::string* out);

class TimerFileReader {
 public:
  // REQUIRES: 'bytes' outlive this.
  TimerFileReader(TimerFile kind, std::string_view bytes);

  // False at the end, and at damage.
  [[nodiscard]] bool Next(TimerEntry* entry);

  uint64_t entries() const { return entries_; }
  uint64_t next_seq() const { return next_seq_; }
  // Final once Next() was false. What follows the last entry is not looked at (reference: the
  // same).
  const Damage& damage() const { return in_.damage(); }

 private:
  const TimerFile kind_;
  ByteReader in_;
  uint64_t entries_ = 0;
  uint64_t next_seq_ = 0;
  uint64_t left_ = 0;
};

}  // namespace dunlin::format
