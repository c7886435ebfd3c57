// msgs/checkpoint: up to where a store's files are synced, and who its journal records belong to.
// A file of ours in a stream's directory, and not a cache: it is there from before the first
// change until a clean stop has put everything into the reference's files, and has said so in the
// journal (asset_journal.h). Replaced by temp, sync, rename, sync dir.
//
//   "DLCP", version u8; incarnation 16; record number u64; floor u64; last sequence u64, time i64;
//   messages u64; head block u32, its synced bytes u64; live blocks: count u32, numbers u32 each in
//   increasing order; (from version 4 on) lengths of their files u64 each; (from version 5 on)
//   another file: block u32 (0: none), length u64; cuts: count u32, block u32 and sequence u64
//   each; blocks to be erased in: count u32, numbers u32 each; the purge under way: bytes u32 (0:
//   none) of EncodePurgeIntent(); unsure blocks: count u32, numbers u32 each; parts of an index
//   (index_part.h): count u32, number u32, length u64 and checksum u64 each; HighwayHash-64 of all
//   before, by StreamChecksum()
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/incarnation.h"
#include "storage/crypto/highway_hash.h"
#include "storage/file/block.h"
#include "storage/file/journal_record.h"

namespace dunlin::file {

inline constexpr std::string_view kCheckpointFile = "checkpoint";

// What is above 'seq' in the block means nothing: a truncate came, and the file is not rewritten
// yet.
struct BlockCut {
  uint32_t block = 0;
  Seq seq = 0;
  bool operator==(const BlockCut&) const = default;
};

// A file that is about to take the name of a block, or whose name it has taken a moment ago.
struct OtherFile {
  uint32_t block = 0;
  uint64_t bytes = 0;
  bool operator==(const OtherFile&) const = default;
};

// A file that is part of an index.
struct IndexPart {
  uint32_t number = 0;
  uint64_t bytes = 0;
  uint64_t checksum = 0;  // Of the checksums of its frames.
  bool operator==(const IndexPart&) const = default;
};

struct Checkpoint {
  Incarnation incarnation;
  uint64_t number = 0;  // Of the last journal record whose effect is in the files.
  Seq floor = 0;
  SeqTime last;
  uint64_t msgs = 0;
  uint32_t head = 0;        // 0: no block yet.
  uint64_t head_bytes = 0;  // What of it is synced; the rest of the file means nothing.
  std::vector<uint32_t> blocks;
  // How long their files are, that of the head left aside; 0: not known. Nothing is in version 3,
  // nor of unsure blocks in version 4.
  std::vector<uint64_t> lengths;
  // This one is just as right. Any other that comes has a record of its own: kRewritten.
  std::optional<OtherFile> other;
  std::vector<BlockCut> cuts;
  std::vector<uint32_t> erasures;    // Blocks whose files hold what was erased, or may.
  std::optional<PurgeIntent> purge;  // Is under way.
  // Blocks that may have been written anew since, with all that lived then: what the index says of
  // one is too old. Any other one below the head is as it says. Without an index: none.
  std::vector<uint32_t> unsure;
  std::vector<IndexPart> index;  // What stands for this state; empty: nothing does.
  bool operator==(const Checkpoint&) const = default;
};

[[nodiscard]] std::string EncodeCheckpoint(const Checkpoint& checkpoint,
                                           const crypto::HighwayHash64& checksum);
// nullopt: damaged, or of another stream.
[[nodiscard]] std::optional<Checkpoint> DecodeCheckpoint(std::string_view bytes,
                                                         const crypto::HighwayHash64& checksum);

}  // namespace dunlin::file
