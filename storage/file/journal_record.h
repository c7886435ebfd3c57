// What a store writes into the journal: a head, and for appended ones the block record verbatim.
//
//   record number u64; floor u64; block u32; offset u32; then by kind
//
// The number goes up by one with each record of a store, across restarts; a checkpoint names the
// last one whose effect it has, and replay leaves out what is not above it. The floor is the first
// sequence that lived once the change was done (one past the last if none did).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/store/stream_store.h"

namespace dunlin::file {

enum class RecordType : uint8_t {
  kAppend = 1,    // A block record, at (block, offset): a message, a skipped sequence, a tombstone.
  kFloor = 2,     // Messages at the front went. Also the intent of a Compact.
  kDropped = 3,   // 'block' and its file go; nothing in it lives.
  kPurge = 4,     // All blocks up to 'block' go. Then: last sequence u64, last time i64.
  kTruncate = 5,  // What is above a sequence goes. Then: sequence u64, time i64.
  // A purge by filter begins: all that matches, up to a sequence, is going to go, one by one. Then:
  // sequence u64, filter.
  kPurgeMatching = 6,
  kPurged = 7,     // It is done.
  kErase = 8,      // The bytes of what went are to go from 'block', too.
  kRewritten = 9,  // From now on the file of 'block' may be another one, 'offset' bytes long.
};

struct JournalHead {
  uint64_t number = 0;
  Seq floor = 0;
  uint32_t block = 0;
  uint32_t offset = 0;
};
inline constexpr size_t kJournalHeadBytes = 24;

void EncodeJournalHead(const JournalHead& head, uint8_t* out);
// False: shorter than a head.
[[nodiscard]] bool DecodeJournalHead(std::span<const uint8_t> body, JournalHead* out);

// The rest of a kPurge or kTruncate.
struct JournalMark {
  Seq seq = 0;
  WallTime time;
};
inline constexpr size_t kJournalMarkBytes = 16;
void EncodeJournalMark(const JournalMark& mark, uint8_t* out);
[[nodiscard]] bool DecodeJournalMark(std::span<const uint8_t> rest, JournalMark* out);

// The rest of a kPurgeMatching, and what a checkpoint says of a purge that is under way. Whatever
// matches and is not above 'bound' is to go: so it can be begun anew after a crash, any number of
// times. How many were to be kept is in the bound.
struct PurgeIntent {
  Seq bound = 0;
  std::string filter;
  bool operator==(const PurgeIntent&) const = default;
};
[[nodiscard]] std::string EncodePurgeIntent(const PurgeIntent& intent);
[[nodiscard]] bool DecodePurgeIntent(std::string_view rest, PurgeIntent* out);

}  // namespace dunlin::file
