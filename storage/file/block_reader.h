// Brings blocks into memory, or single stretches of them, and lets go of those that were not used
// for longest.
//
// A block is read whole, looked through a slice at a time, checksums included, and then answers
// until it is dropped. What of a block is not in its file yet always stays, and of those that were
// asked for last as much as was asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/file/block_codec.h"
#include "storage/file/store_disk.h"
#include "storage/file/stream_index.h"

namespace dunlin::file {

class BlockReader {
 public:
  struct Limits {
    // Of one store, and see CachePool; what is not written yet comes on top.
    uint64_t cache_bytes_max = 64u << 20;
    size_t index_bytes_per_slice = 256u << 10;
    size_t loads_max = 4;                 // At once.
    size_t pieces_max = 32;               // Stretches of blocks (BlockMap) that are kept,
    uint64_t piece_bytes_max = 1u << 20;  // of so many bytes, but for the last.
  };

  // 'pool', which outlives the reader, may be null: then nobody else's caches count.
  BlockReader(const Limits& limits, StoreDisk disk, BlockCodec* codec, CachePool* pool)
      : limits_(limits), disk_(std::move(disk)), codec_(codec), pool_(pool) {}
  ~BlockReader();

  enum class Got : uint8_t {
    kHere,     // block->cache covers it.
    kMore,     // Ask again; this slice is used up.
    kWait,     // Ask again when a completion has come.
    kFailed,   // The disk did, several times: '*why'. The next one may be luckier.
    kDamaged,  // The block cannot be read, and will not be: '*why' says what, and where. That was a
               // notice when it was found out, and is not for each who meets it.
  };
  // What the caches' limits do not take: the message that is looked at, and those behind it. Need()
  // and Read() say so themselves.
  void NoteUse(Block* block, Seq seq);
  // The message 'seq' of the block; 0: all of it.
  Got Need(Block* block, Seq seq, std::string* why);
  // Whether it needs no more of the disk for that.
  [[nodiscard]] static bool Has(const Block& block, Seq seq);
  // The last kFailed was not the device's doing (that of a device ends: kDamaged). There were too
  // many open files, and will be until somebody closes some.
  bool starved() const { return starved_; }

  // One message, from the stretch of the block that it is in if the whole block is not in memory.
  // kHere: '*out', with views that live until the next call. nullopt: Need() the block: this cannot
  // tell, or the stretches are read in order.
  std::optional<Got> Read(Block* block, Seq seq, format::Record* out);

  // Takes a completion, if it is one of its own.
  bool OnDisk(const DiskDone& done, StreamIndex* index);
  // Drops caches beyond the limits; if that is not enough, what is written of the others, up to the
  // first message that was asked for since.
  void Trim(StreamIndex* index);
  CachePool* pool() const { return pool_; }
  // Whether the block's file is being read: it must not be replaced now.
  bool Reading(uint32_t block) const;
  bool idle() const { return loads_.empty(); }
  // Of what was found damaged since it was opened: once in a life, whoever asked for it.
  std::vector<std::string> TakeNotices() { return std::exchange(notices_, {}); }
  // Messages that cannot be read, in all blocks that were looked through: some subjects count so
  // many that nobody finds. (Until blocks are all that is asked: those that are removed, too.)
  uint64_t unreadable() const { return unreadable_; }
  void ForgetUnreadable() { unreadable_ = 0; }

 private:
  // Memory that the disk reads into must not move: each lives on its own.
  struct Load {
    uint32_t block = 0;
    FileId file;
    DiskTicket open, read, close;
    std::string bytes;      // As far as it was asked for; room for all of it.
    uint64_t size = 0;      // Of all of it.
    uint64_t got = 0;       // So much has been read.
    bool is_piece = false;  // Bytes from 'offset' on; else from the file's beginning.
    uint64_t offset = 0;
  };
  // A stretch of a block's plain bytes.
  struct Piece {
    uint32_t block = 0;
    uint64_t rewrites = 0;  // Of the block when it was read.
    uint64_t offset = 0;
    uint64_t size = 0;  // As it was asked for; the file may have had less.
    uint64_t used = 0;
    std::string bytes;
    bool answered = false;  // Else it is still needed: to have it read anew might go on for ever.
  };
  uint64_t Total(const StreamIndex& index) const;
  void Report(uint64_t total);
  void Begin(Block* block);
  void NoteError(std::string_view what, const DiskDone& done, Block* block);
  Piece* FindPiece(const Block& block, uint64_t offset, uint64_t size);
  const Piece* PieceUpTo(const Block& block, uint64_t end) const;
  void BeginPiece(Block* block, uint64_t offset, uint64_t size);
  void ReadOn(Load* load, DiskTicket after);
  void KeepPiece(Load* load, const Block& block);
  void Finish(Load* load, const DiskDone& done, Block* block);
  bool NoteHoles(Block* block, const BlockCache& cache);
  void NoteUnreadable(Block* block);
  Got GiveUp(Block* block, std::string what);
  std::string Where(const Block& block, uint64_t offset) const;

  const Limits limits_;
  StoreDisk disk_;
  BlockCodec* const codec_;
  std::vector<std::unique_ptr<Load>> loads_;
  std::vector<Piece> pieces_;
  CachePool* const pool_;
  uint64_t reported_ = 0;  // To the pool.
  std::vector<std::string> notices_;
  uint64_t unreadable_ = 0;
  bool starved_ = false;
  uint64_t uses_ = 1;  // Above that of a block that nobody has asked for yet.
  // What was asked for last, and the lowest of its block since the last Trim() but that.
  uint32_t asked_block_ = 0;
  Seq asked_last_ = 0;
  Seq asked_from_ = 0;
};

}  // namespace dunlin::file
