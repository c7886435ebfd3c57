// Writes what the journal has made durable into block files, syncs them, takes checkpoints, and
// removes the files of dropped blocks.
//
// Bytes go out when enough have gathered, or when a checkpoint wants them. One write a file at a
// time; at a checkpoint, all files' syncs at once. Any error here is final: Failure() names the
// file and the offset, and the store takes no more changes. Nothing is lost by that: the journal
// has it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/file/block_codec.h"
#include "storage/file/block_reader.h"
#include "storage/file/block_rewriter.h"
#include "storage/file/checkpoint.h"
#include "storage/file/disk_steps.h"
#include "storage/file/store_disk.h"
#include "storage/file/store_journal.h"
#include "storage/file/stream_index.h"

namespace dunlin::file {

class BlockWriter {
 public:
  struct Limits {
    uint64_t write_bytes_min = 256u << 10;  // Before a checkpoint asks.
    uint64_t write_bytes_max = 1u << 20;    // In one write: it is copied, and encrypted.
    // Block files open at once, 2 or more. When there are so many, those that are whole are synced,
    // and closed; other blocks wait for that to be written. Synced before they are closed: a device
    // tells of bytes that it could not write only who has the file open then. So few, because a
    // node has a thousand streams and one limit for them all; enough to sync at once.
    size_t files_max = 8;
    size_t removes_max = 16;  // Files of dropped blocks that go at once.
  };

  BlockWriter(const Limits& limits, StoreDisk disk, StoreJournal* journal, BlockCodec* codec,
              const BlockReader* reader)
      : limits_(limits),
        disk_(disk),
        journal_(journal),
        codec_(codec),
        reader_(reader),
        rewriter_(std::move(disk), codec) {}

  // Begins what can be begun. Call it whenever the journal or the disk has moved on.
  void Work(StreamIndex* index);
  bool OnDisk(const DiskDone& done, StreamIndex* index);

  // So much of the block is not written that Work() would begin to, as soon as the journal has it.
  bool Due(const Block& block) const {
    return block.raw_bytes - block.written >= limits_.write_bytes_min;
  }
  // Work() has more to do once more of the journal is durable.
  bool awaits_journal() const { return awaits_journal_; }
  // Work() has more to do, in the next step.
  bool put_off() const { return put_off_; }

  // The block is no longer in the index. Its file goes once 'point' is durable, and either survives
  // a power loss or is behind a checkpoint that does.
  // 'then': nobody will want to know what was in it, whichever checkpoint is recovered from.
  enum class Then : uint8_t { kMayBeAsked, kForgotten };
  void Drop(std::unique_ptr<Block> block, WritePoint point, Then then = Then::kMayBeAsked);

  BlockRewriter& rewriter() { return rewriter_; }
  const BlockRewriter& rewriter() const { return rewriter_; }

  // Takes a checkpoint of the state that 'checkpoint' describes, which is the present one. 'point':
  // that of the last record. REQUIRES: !checkpointing().
  // 'awaits_index': it takes its name after GiveIndex().
  void Begin(Checkpoint checkpoint, WritePoint point, bool awaits_index = false);
  // The parts of the index that stand for the checkpoint under way, written and synced; none.
  void GiveIndex(std::vector<IndexPart> parts);
  bool awaits_index() const { return awaits_index_; }
  // The directory's checkpoint, from before this life, names an index.
  void Inherit(bool indexed) { inherited_index_ = indexed; }
  // Whether every recovery, from whatever checkpoint may be found, copes with a block that was
  // written anew by what was known at record 'number': it is said to be unsure, and what it leaves
  // out does not count.
  bool MayRename(uint32_t block, uint64_t number) const;
  // Whether the last checkpoint, and the one under way, say that the block's file may be this one.
  bool Says(const OtherFile& other) const;
  // In files of dropped blocks that stay until the next checkpoint: by the last one a recovery
  // would go by its index, and then want to know what was in them.
  uint64_t held_bytes() const;
  // It was dropped, and its file may be there.
  bool Dropping(uint32_t block) const;
  // It may end without having been taken: when a block that it speaks of is dropped.
  bool checkpointing() const { return stage_ != Stage::kNone; }
  // The last one that is durable; none before the first of this life.
  const std::optional<Checkpoint>& taken() const { return taken_; }
  uint64_t takes() const { return takes_; }  // How many were taken.

  // The files of dropped blocks with these numbers stay, until it is called again. first > last:
  // none.
  void Keep(uint32_t first, uint32_t last) {
    keep_first_ = first;
    keep_last_ = last;
  }
  // A dropped block whose file is still there; null: there is none.
  const Block* Kept(uint32_t number) const;
  // The files are to go: closes them, each as soon as nothing of its is in flight.
  void CloseAll();

  const std::optional<std::string>& failure() const { return failure_; }
  // Nothing is in flight, nothing waits to be removed.
  bool idle() const { return quiet() && files_.empty(); }
  bool quiet() const;

 private:
  enum class Stage : uint8_t { kNone, kWriting, kSyncing, kNaming };
  struct File {
    uint32_t block = 0;
    FileId id;
    DiskTicket open, write, sync, close;
    std::unique_ptr<DiskSteps> key;  // Its key file is being made.
    std::string bytes;               // Being written.
    uint64_t write_end = 0;
    uint64_t sync_end = 0;
    uint64_t writes = 0;
  };
  struct Doomed {
    std::unique_ptr<Block> block;
    WritePoint point;
    Then then = Then::kMayBeAsked;
    DiskTicket remove, remove_key;
    enum class Gone : uint8_t { kNo, kVisibly, kSyncing, kCertainly } gone = Gone::kNo;
  };

  File* FileOf(uint32_t block);
  bool MayOpen(const Block& block);
  File* OpenFile(Block* block);
  void WriteSome(Block* block, bool all);
  void Sync(File* file, const Block& block);
  void SyncAll(StreamIndex* index);
  void SyncToClose(StreamIndex* index);
  void WriteCheckpoint();
  void RemoveDoomed();
  bool MayRemove(const Doomed& doomed);
  bool IsNamed(uint32_t block) const;
  bool AnyIndex() const;
  bool Held(const Doomed& doomed) const;
  void RemoveKeys();
  bool OnDoomedDisk(const DiskDone& done);
  void CloseIdle(StreamIndex* index);
  bool Written(const StreamIndex& index);
  bool Synced(const StreamIndex& index);
  uint64_t Goal(const Block& block) const;
  std::span<const std::unique_ptr<Block>> Dirty(const StreamIndex& index);
  bool OnCheckpointDisk(const DiskDone& done, StreamIndex* index);
  void Fail(std::string_view what, std::string_view file, uint64_t offset, const DiskDone& done);

  const Limits limits_;
  StoreDisk disk_;
  StoreJournal* const journal_;
  BlockCodec* const codec_;
  const BlockReader* const reader_;  // A file that is being opened is not removed.
  // Memory that the disk writes from must not move: each lives on its own.
  std::vector<std::unique_ptr<File>> files_;
  std::deque<Doomed> doomed_;  // In the order of their points.
  DiskTicket gone_;            // Makes it certain that the files of some of them are gone.
  uint32_t keep_first_ = 1, keep_last_ = 0;
  BlockRewriter rewriter_;

  // All blocks with lower numbers are sealed, written and synced: none of them is looked at again.
  uint32_t clean_below_ = 0;
  bool awaits_journal_ = false;
  bool put_off_ = false;

  Stage stage_ = Stage::kNone;
  Checkpoint pending_;
  WritePoint pending_point_;
  std::string checkpoint_bytes_;
  FileId checkpoint_file_;
  DiskTicket checkpoint_open_, checkpoint_write_, checkpoint_sync_, checkpoint_close_,
      checkpoint_names_, checkpoint_rename_, checkpoint_syncdir_;
  bool awaits_index_ = false;
  bool inherited_index_ = false;
  bool new_names_ = false;  // Files were made since the directory was synced.
  std::optional<Checkpoint> taken_;
  uint64_t takes_ = 0;
  std::optional<std::string> failure_;
};

}  // namespace dunlin::file
