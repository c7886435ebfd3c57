// Finds out what is in a stream's directory: lists it, reads the checkpoint if there is one, and
// scans the blocks, from the last one to the first, so that tombstones are known before what they
// are for.
//
// With a checkpoint: only what it names counts. Blocks that it does not name are strays and are
// removed; of its head block, bytes past the synced length mean nothing, and are left out of a new
// file that takes the old one's place. Before anything is done on the word of a checkpoint it is
// written once more: that it can be read does not prove that it is durable. No file is ever cut
// where it lies: a cut that is seen and not durable could not be told from none. Without one the
// directory is the reference's, or ours after a clean stop: every block counts, whole, and what is
// no record at the end of the last one is a tail that was cut off.
//
// Without a checkpoint, an index.db of ours that is as new as the blocks says what is in them
// (index_opening.h): then they are not read.
//
// With a checkpoint that names an index, the index says what is in the blocks (chain_opening.h);
// only those are read that may be otherwise by now, that it says too little of, or that are the
// head. If the directory or what was read is not as it says, it is no use, and all blocks are read.
//
// Damage is reported and passed over: the messages in it are lost, their sequences stay used.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/seq_set.h"
#include "storage/file/block_codec.h"
#include "storage/file/chain_opening.h"
#include "storage/file/checkpoint.h"
#include "storage/file/disk_steps.h"
#include "storage/file/index_opening.h"
#include "storage/file/key_loader.h"
#include "storage/file/purge_leftovers.h"
#include "storage/file/short_blocks.h"
#include "storage/file/store_disk.h"
#include "storage/file/stream_index.h"

namespace dunlin::file {

class Opener {
 public:
  // All but the options outlive this.
  Opener(StoreDisk disk, BlockCodec* codec, StreamIndex* index, size_t bytes_per_slice)
      : disk_(disk),
        codec_(codec),
        index_(index),
        slice_(bytes_per_slice),
        replacing_(disk),
        leftovers_(disk),
        keys_(std::move(disk), codec) {}

  // 'key': what seals index.db, if it is sealed.
  void Begin(const std::optional<crypto::FoundKey>& key = std::nullopt);
  bool begun() const { return begun_; }
  bool OnDisk(const DiskDone& done);
  enum class Step : uint8_t { kMore, kWait, kDone, kFailed };
  Step Work();

  // After kDone.
  const std::optional<Checkpoint>& checkpoint() const { return checkpoint_; }
  // Of blocks that the checkpoint names: what the journal says of them is not in yet.
  const BlockLengths& lengths() const { return lengths_; }
  uint32_t highest_block() const { return highest_; }
  // Of live messages.
  const std::vector<TtlFound>& ttls() const { return ttls_; }
  // The blocks were not read, but for a few: an index said what is in them.
  bool by_index() const { return by_index_ || by_chain_; }
  // The index that the checkpoint names, if it was of use; and files of those that it names, and
  // the highest number that any has.
  const std::vector<IndexPart>& parts() const { return parts_; }
  const std::vector<uint32_t>& part_files() const { return part_files_; }
  uint32_t highest_part() const { return highest_part_; }
  // Somebody purged, although nothing was ever stored: a tombstone for sequence 0 says so.
  bool purged() const { return purged_; }
  // There is an index.db that counts, or is to go once there is a checkpoint.
  bool index_found() const { return index_found_; }
  std::vector<std::string>& notices() { return notices_; }
  // After kFailed.
  const std::string& failure() const { return failure_; }

 private:
  enum class Stage : uint8_t {
    kListing,
    kCheckpoint,  // Is being read.
    kNaming,      // Is being written once more.
    kStrays,
    kIndex,
    kChain,
    kBlocks,
    kDone,
    kFailed,
  };
  void MakeAndList();
  void OnList(const DiskDone& done);
  void OnCheckpoint();
  void RemoveStrays();
  void WorkIndex();
  void BeginChain();
  Step WorkChain();
  bool FitsChain(std::string* why);
  void NoChain(const std::string& why);
  void FinishByChain();
  void BeginFile(std::string name, uint64_t size);
  void TryAgain();
  void ReplaceFile(std::string bytes);
  std::string Where() const;
  bool ScanSome();
  bool LookSome();
  void TakeTombstone(const format::Record& record);
  void GiveUpBefore(const format::Record& record);
  bool IsNews(const format::Record& record, Seq highest) const;
  void TakeMessage(const format::Record& record);
  void NoteHoles(size_t up_to, const format::Record* next);
  void Say(uint64_t offset, const std::string& what, const SeqRange& lost);
  void SayHowManyMore();
  void FinishBlock();
  void FinishAll();
  void Fail(std::string what, const DiskDone& done);

  StoreDisk disk_;
  BlockCodec* const codec_;
  StreamIndex* const index_;
  const size_t slice_;
  DiskSteps replacing_;  // ReplaceFile().
  PurgeLeftovers leftovers_;

  KeyLoader keys_;
  std::optional<crypto::FoundKey> index_key_;
  std::unique_ptr<IndexOpening> indexing_;
  IndexOpening::Step index_step_ = IndexOpening::Step::kUnusable;
  bool index_found_ = false;
  SeqTime remembered_;      // By an index that was no use otherwise.
  Seq below_ = UINT64_MAX;  // Where the blocks read so far, the later ones, begin.
  bool by_index_ = false;
  std::unique_ptr<ChainOpening> chain_;
  bool by_chain_ = false;
  std::vector<IndexPart> parts_;
  std::vector<uint32_t> part_files_;
  uint32_t highest_part_ = 0;
  bool begun_ = false;
  Stage stage_ = Stage::kListing;
  DiskTicket make_, list_, open_, read_, close_;
  FileId file_;
  std::string name_;
  uint64_t size_ = 0;
  int attempts_ = 0;  // To read it.
  bool failed_read_ = false;
  bool too_long_ = false;  // More than the checkpoint speaks of.
  std::string bytes_;
  bool read_done_ = false;
  std::string read_error_;
  std::vector<DiskTicket> removing_;

  std::vector<DirEntry> entries_;
  std::optional<Checkpoint> checkpoint_;
  std::vector<uint32_t> blocks_;  // Yet to scan; the last one is next.
  std::vector<uint32_t> all_blocks_;
  BlockLengths lengths_;
  uint32_t highest_ = 0;

  std::unique_ptr<Block> block_;  // Being scanned.
  std::unique_ptr<BlockDecoder> decoder_;
  std::unique_ptr<BlockCache> scan_;
  // The records of a block, held against what is known so far, some at a time.
  struct Look {
    bool begun = false, tombstones_done = false, comes_again = false;
    uint64_t at = 0;  // All before has been looked at, and these holes.
    size_t hole = 0;
    SeqTime highest;
    // Holes that have been noted, and where sequences are above the last record before them.
    size_t noted = 0;
    Seq above = 0;
    // What is said of it: how many lines, and where those begin and end that were too many.
    size_t said = 0;
    uint64_t more_from = 0, more_to = 0;
    // Up to where it was given up: GiveUpBefore().
    uint64_t near_at = 0;
    size_t near_hole = 0;
    Seq near_highest = 0;
  };
  Look look_;
  SeqSet dead_;                                  // Targets of all tombstones so far.
  SeqTime last_tomb_;                            // The highest target.
  std::vector<std::unique_ptr<Block>> scanned_;  // From the last to the first.
  std::vector<TtlFound> ttls_;
  bool purged_ = false;
  std::vector<std::string> notices_;
  std::string failure_;
};

}  // namespace dunlin::file
