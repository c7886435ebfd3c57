// One block of a stream: what is known of it in memory, and what of it is cached.
//
// A block is N.blk: records in the order of writing (storage/format/record.h). 'first' and 'last'
// are those of its live messages as far as they are settled; which sequences between them live, the
// deleted set says. Everything below the store's first sequence is dead, whatever stands here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/seq_set.h"
#include "engine/base/time.h"
#include "engine/store/stream_store.h"
#include "engine/store/write_point.h"
#include "storage/crypto/highway_hash.h"
#include "storage/crypto/store_cipher.h"
#include "storage/file/block_cache.h"
#include "storage/file/block_map.h"
#include "storage/file/write_points.h"

namespace dunlin::file {

struct SeqTime {
  Seq seq = 0;
  WallTime time;
  bool operator==(const SeqTime&) const = default;
};

// So many dead sequences above its first live one no writer leaves in a block: what is skipped goes
// into a new one beyond 64 Ki (FileLimits::gap_inside_max; reference: the same), and what was
// removed had a record each. A file in which there are more is forged, and its gap is not counted
// out: it would take memory without limit.
inline constexpr uint64_t kDeadMax = 16u << 20;

// How far a block has come; only ever forward.
enum class BlockLife : uint8_t {
  kOpen,    // The head: records are appended.
  kSealed,  // Never appended to again.
  kPassed,  // A checkpoint names it, whole: it may be rewritten.
};

// By which an index knows whether it has a block as it is: what changes leaves a trace here.
struct BlockStamp {
  Seq first = 0, last = 0;
  uint64_t msgs = 0, bytes = 0, raw_bytes = 0, file_bytes = 0, last_checksum = 0;
  uint64_t deleted = 0, tombs = 0, unsettled = 0;
  bool operator==(const BlockStamp&) const = default;
};

// Messages that were there and cannot be read any more.
struct Lost {
  SeqRange seqs;
  std::string what;  // With stream, block and offset; empty: Block::more_lost.
};

struct alignas(64) Block {
  Block(uint32_t number, const crypto::HighwayHash64& checksum)
      : checksum(checksum), number(number) {}

  // --- What each message that is appended touches, in three lines of the processor's cache: of a
  // thousand streams none is there. 'first' is one past 'last' in a block without messages.
  const crypto::HighwayHash64 checksum;
  const uint32_t number;
  BlockLife life = BlockLife::kOpen;
  Seq base = 0;                       // No record in it has a lower sequence.
  uint64_t raw_bytes = 0;             // Length of the plain block, all records included.
  std::unique_ptr<BlockCache> cache;  // Answers; null: not in memory.

  SeqTime first;
  SeqTime last;
  Seq top = 0;           // The highest sequence of a record in it that is no tombstone.
  uint64_t msgs = 0;     // Live ones.
  uint64_t bytes = 0;    // Of the live ones; those of unsettled ones still count.
  uint64_t written = 0;  // Plain bytes that are in the file; raw_bytes for a sealed one.

  uint64_t last_checksum = 0;
  WritePoints points;  // When what is appended may be written.
  BlockMap map;        // Of the file as it is; empty, or from some message on.

  // --- What else is in it.
  uint64_t ttls = 0;       // How many messages with a TTL were written to it.
  uint64_t schedules = 0;  // Likewise with a schedule.
  SeqSet deleted;          // Dead sequences above first.seq.
  SeqSet tombs;            // Targets of the tombstones in it.
  BlockStamp indexed;      // As the index that is being kept has it.

  // Dead, counted out of 'msgs', and its record not looked at yet: subject and bytes are still
  // counted. Increasing only within one call; paid when the block is cached.
  std::vector<Seq> unsettled;
  Seq cut = 0;               // Not 0: what is above it in the file means nothing (truncate).
  uint64_t holes = 0;        // Places found in it that are no records.
  uint64_t unreadable = 0;   // Live messages in there: they count, for nobody knows which subject.
  std::vector<Lost> lost;    // Counted as deleted; whoever asks for one is told why.
  std::string more_lost;     // Why of those that do not say.
  std::string damage;        // Why it cannot be read; empty while it can.
  std::string read_error;    // Why the last attempt failed.
  bool said_unread = false;  // What expiry cannot read of it.
  Seq untimed = 0;           // When this one was stored cannot be read: the first, when it was.
  uint32_t failures = 0;     // Attempts to read it that failed, in a row.
  uint32_t io_errors = 0;    // Of these, by the device.

  // --- Its file.
  bool has_file = false;   // Made, and named.
  bool rewritten = false;  // The file may not be the plain bytes: it is file_bytes long.
  bool compressed = false;
  std::unique_ptr<crypto::BlockCipher> cipher;  // Of its file; null: it is not encrypted.
  bool key_current = false;                     // It would get such a key today.
  bool has_key = false;                         // There is a key file, which goes with it.
  bool erase = false;                           // Something in it was erased: write it anew.
  uint64_t rewritten_at = UINT64_MAX;           // 'bytes' when it was last written anew.
  Seq rewrite_past = UINT64_MAX;  // Half of its tombstones are needless once the first is above.
  bool replacing = false;         // A new file is taking its name: do not open it.
  bool unwritten = false;         // Recovered, and will be dropped: it gets no file.
  bool said_dropped = false;      // The journal that was recovered says so; no newer checkpoint.
  uint64_t file_bytes = 0;
  uint64_t synced = 0;    // Plain bytes that a sync has covered.
  uint64_t rewrites = 0;  // How often its file was replaced, in this life.

  // --- Its bytes.
  std::unique_ptr<BlockCache> loading;  // Being read or indexed, to become the cache.
  uint64_t used = 0;                    // When the cache was last used, in the store's count.

  bool Live(Seq seq) const {
    return seq >= first.seq && seq <= last.seq && msgs > 0 && !deleted.Contains(seq);
  }
  // A part of its file is that part of the plain bytes.
  bool plain_file() const { return !compressed && cipher == nullptr; }
  bool pinned() const { return written < raw_bytes || !unsettled.empty(); }
};

// Within the stream's directory.
[[nodiscard]] std::string BlockPath(uint32_t number);

// Counts a message that was appended or scanned. REQUIRES: its sequence is above all others.
void CountMessage(Block* block, const format::Record& record);

// Makes the block's map anew. REQUIRES: the cache has all of the block.
void MapMessages(Block* block, const BlockCache& cache);

// What lives in the block and can be read of what its cache has. REQUIRES: it has one.
struct Readable {
  uint64_t msgs = 0, bytes = 0;
};
[[nodiscard]] Readable CountReadable(const Block& block);

// A message of the block whose record cannot be read was stored then, or before that.
[[nodiscard]] WallTime NotYoungerThan(const Block& block, Seq seq);

// Whether a record with this sequence, above all others, would make a gap that no writer leaves.
[[nodiscard]] bool IsTooFar(const Block& block, Seq seq);

// Takes runs of sequences from 'first' on, that no record stands for, as deleted. REQUIRES: above
// all others.
void CountGap(Block* block, Seq first, Seq last);

// Moves 'first' over what is dead, up to 'floor' at least; what it passes leaves the deleted set.
// Its time is found in the cache; without one it is left at 0.
void AdvanceFirst(Block* block, Seq floor);

}  // namespace dunlin::file
