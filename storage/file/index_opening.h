// Opens a stream by its index.db, so that its blocks need not be read: reads it, holds it against
// the directory, and reads those blocks that it says too little of: the last one, which is also
// what a stale index is found out by, and those with messages that have a time to live.
//
// An index is believed if it was written by this store, after the last change that a block knows:
// its checksum is right, the files are those that it names, as long as it says, and the last block
// is record by record what it says. Anything else, and whatever cannot be read, makes it no use;
// then all blocks are read. What an index that is not older than the blocks says is missing of them
// is spoken of: where a file ends between two records, the blocks alone do not tell.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/file/block_codec.h"
#include "storage/file/file_reads.h"
#include "storage/file/index_file.h"
#include "storage/file/key_loader.h"
#include "storage/file/short_blocks.h"

namespace dunlin::file {

// A message with a time to live, in seconds.
struct TtlFound {
  Seq seq = 0;
  WallTime time;
  int64_t ttl = 0;
};

class IndexOpening {
 public:
  // All outlive this. 'index' is empty, and empty again if the file is no use.
  IndexOpening(StoreDisk disk, BlockCodec* codec, KeyLoader* keys, StreamIndex* index,
               size_t bytes_per_slice, int records_per_slice)
      : disk_(disk),
        codec_(codec),
        keys_(keys),
        index_(index),
        bytes_per_slice_(bytes_per_slice),
        records_per_slice_(records_per_slice),
        reads_(std::make_unique<FileReads>(std::move(disk))) {}

  // 'entries': of msgs/. 'blocks': all that are there, by number. 'key': what index.db is sealed
  // with, if it is.
  void Begin(const std::vector<DirEntry>& entries, const std::vector<uint32_t>& blocks,
             const std::optional<crypto::FoundKey>& key);
  bool OnDisk(const DiskDone& done) { return reads_->OnDisk(done); }

  enum class Step : uint8_t { kMore, kWait, kDone, kUnusable };
  Step Work();

  // --- After kDone.
  const IndexPoint& point() const { return loader_->point(); }
  const std::vector<TtlFound>& ttls() const { return ttls_; }

  // --- After kUnusable, too.
  // What is wrong with the file itself; empty: nothing, it may be another one's, or an old one.
  const std::string& why() const { return why_; }
  // The last sequence that an index says was in use, whoever wrote it and however old it is. It
  // must not be used again, even if no block tells of it any more
  // (reference: the same). 0: there is none.
  const SeqTime& remembered() const { return remembered_; }
  // Likewise, of blocks that an index of ours speaks of, the newest that there are among them:
  // those that are not there, or are shorter than they were.
  const std::vector<ShortBlock>& shorter() const { return shorter_; }

 private:
  enum class Stage : uint8_t { kReading, kLoading, kBlocks, kDone };
  bool Unseal();
  bool MatchesDirectory();
  void FindShorter();
  std::optional<uint64_t> LengthOf(uint32_t number) const;
  Step BeginBlock();
  Step WorkBlock();
  // 'top': the highest sequence of its records.
  bool Agrees(const Block& block, Seq* top) const;
  Step Unusable();
  bool Damaged(std::string why);

  StoreDisk disk_;
  BlockCodec* const codec_;
  KeyLoader* const keys_;
  StreamIndex* const index_;
  const size_t bytes_per_slice_;
  const int records_per_slice_;
  std::unique_ptr<FileReads> reads_;
  Stage stage_ = Stage::kReading;
  std::vector<std::pair<uint32_t, uint64_t>> lengths_;  // Of the block files, by number.
  std::vector<uint32_t> numbers_;
  std::optional<crypto::FoundKey> key_;
  std::string why_;
  SeqTime remembered_;
  std::vector<ShortBlock> shorter_;
  std::unique_ptr<IndexLoader> loader_;
  std::vector<Block*> to_read_;  // The last one is next, and being read.
  std::unique_ptr<BlockCache> scan_;
  std::vector<TtlFound> ttls_;
};

}  // namespace dunlin::file
