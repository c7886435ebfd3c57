// Gives a block's file new contents, and a new key if it is encrypted (key_loader.h says in which
// order): temporary files, synced, that take the block's names when its owner says so. One at a
// time.
//
// What the new file leaves out is gone for good once it has the name, so the owner waits with that
// until the state by which it was made survives a power loss (FileStore::IsKept).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "storage/file/block_codec.h"
#include "storage/file/checkpoint.h"
#include "storage/file/disk_steps.h"
#include "storage/file/store_disk.h"
#include "storage/file/stream_index.h"

namespace dunlin::file {

class BlockRewriter {
 public:
  BlockRewriter(StoreDisk disk, BlockCodec* codec) : codec_(codec), steps_(std::move(disk)) {}

  // What is to stay of a block.
  struct Content {
    std::string plain;  // Its records,
    Seq top = 0;        // the last message of them,
    SeqSet tombs;       // and what its tombstones name.
    Seq cut = 0;        // Up to here: what the block's cut was then.
  };
  // Begins a new file. Pack() is due until it is written. REQUIRES: !busy().
  void Begin(Block* block, Content content, bool compress);
  // Compresses and encrypts, a slice a call; at the end it is written. REQUIRES: packing().
  void Pack();
  bool packing() const { return stage_ == Stage::kPacking; }
  // The new file is there and synced: Name() or Abandon() is due.
  bool ready() const { return stage_ == Stage::kReady; }
  // How long the new file is. REQUIRES: ready().
  uint64_t file_bytes() const { return file_bytes_; }
  // From when it is ready until it is certain that it has the name: the file of the two that is not
  // the block's just now.
  std::optional<OtherFile> other_file() const;
  // Takes the name. The block changes when that is done; until then it answers from the old file.
  // REQUIRES: ready(); nobody reads the old file, and 'block' is the one that it was begun for.
  void Name(Block* block);
  // Removes the new file. 'block': null if it is gone. REQUIRES: ready().
  void Abandon(Block* block);

  bool busy() const { return stage_ != Stage::kNone; }
  // Its block's file cannot be read just now.
  bool naming() const { return stage_ == Stage::kNaming; }
  uint32_t block() const { return block_; }  // 0: none.
  // What is being left out of the block was to be erased: until that is done, the file has it.
  bool erasing(uint32_t block) const { return busy() && block_ == block && erase_; }
  bool OnDisk(const DiskDone& done, StreamIndex* index);
  // What went wrong first; empty: nothing.
  const std::string& error() const { return error_; }

 private:
  enum class Stage : uint8_t { kNone, kPacking, kWriting, kReady, kNaming, kAbandoning };
  std::string Temporary() const;
  void Write(std::string file);
  void Named(Block* block);

  BlockCodec* const codec_;
  DiskSteps steps_;
  Stage stage_ = Stage::kNone;
  uint32_t block_ = 0;
  uint64_t plain_bytes_ = 0, file_bytes_ = 0, last_checksum_ = 0;
  uint64_t other_bytes_ = 0;
  bool compressed_ = false;
  Seq top_ = 0;
  SeqSet tombs_;
  std::unique_ptr<Block> keyed_;  // Bears the new cipher until the block takes it over.
  std::string key_file_;          // What its key file is to hold.
  std::optional<BlockPacker> packer_;
  bool erase_ = false;  // As the block's, when it was begun.
  Seq cut_ = 0;
  DiskTicket rename_;
  std::string error_;
};

}  // namespace dunlin::file
