// Reads the keys of a stream's blocks when it is opened, and finds out which key each block is
// encrypted with.
//
// A block that is written anew gets a new key, and two files cannot be replaced at once. So:
//
//   N.key.tmp written and synced; N.blk.tmp likewise; the directory synced
//   N.blk.tmp -> N.blk; the directory synced
//   N.key.tmp -> N.key; the directory synced
//
// Whatever dies in between, the block's key is in N.key or N.key.tmp (or it needs none, having been
// plain before): the bytes tell, since no record of theirs has the right checksum under another
// key. What was begun is then ended: the key of the new block takes its name, or the one that came
// to nothing goes. So does the key of a block that is plain: the reference makes it first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/file/block_codec.h"
#include "storage/file/disk_steps.h"
#include "storage/file/file_reads.h"
#include "storage/format/record.h"

namespace dunlin::file {

// Within the stream's directory.
[[nodiscard]] std::string BlockKeyPath(uint32_t number);
[[nodiscard]] std::string PendingKeyPath(uint32_t number);

class KeyLoader {
 public:
  // 'codec' outlives this.
  KeyLoader(StoreDisk disk, const BlockCodec* codec)
      : codec_(codec), reads_(disk), steps_(std::move(disk)) {}

  // Whether a file in msgs/ is one that this class knows what to do with.
  [[nodiscard]] static bool IsKeyFile(std::string_view name);

  // Begins to read the keys of these blocks; removes those of others. 'entries': of msgs/.
  void Begin(const std::vector<DirEntry>& entries, const std::vector<uint32_t>& blocks);
  bool OnDisk(const DiskDone& done);
  // True: all are read, or there is a failure().
  bool Work();
  // Why the stream must not be opened: it is encrypted, and not with these keys; or a key file
  // cannot be read. Empty: it may.
  const std::string& failure() const { return failure_; }

  // Finds out, a slice at a time, what the bytes of the block's file say about its key. True: it is
  // known, and Give() comes next. Nothing is asked of a block whose bytes nobody has: undecided().
  [[nodiscard]] bool Decide(const Block& block, std::string_view file);
  // Gives the block the cipher that it is encrypted with. False: its key is damaged, '*why' says it
  // in the reference's words. A change of keys that was cut off is ended.
  [[nodiscard]] bool Give(Block* block, std::string* why);
  // Likewise of one that cannot be read: the keys that there are stay.
  [[nodiscard]] bool Leave(Block* block, std::string* why);
  // The bytes of the block must decide.
  bool undecided(uint32_t block) const {
    const auto found = keys_.find(block);
    return found != keys_.end() && found->second.pending.there;
  }
  // Some change of keys was cut off: the bytes of its block must decide.
  bool undecided() const {
    return std::any_of(keys_.begin(), keys_.end(),
                       [](const auto& entry) { return entry.second.pending.there; });
  }
  // Nothing is left of a change of keys that was cut off.
  bool settled() const { return steps_.idle(); }
  // Seals the key files that only the operator's previous key opens with the present one: the next
  // start may not know that one any more, and blocks are written anew when there is time. The
  // block's key stays what it is, so either file will do, once it is synced. False: not done
  // yet; call it again when settled(). REQUIRES: each block was given its cipher.
  [[nodiscard]] bool Reseal();

 private:
  struct KeyFile {
    bool there = false;
    std::optional<crypto::FoundKey> key;
    std::string why;  // It does not open.
  };
  struct Keys {
    KeyFile now, pending;
  };

  // Whether some record in a file has the right checksum, once it is decrypted with a key.
  struct Trial {
    std::optional<bool> fits;  // nullopt: not known yet.
    bool whole = false;        // None is near the beginning.
    std::string bytes;         // Decrypted, as far as they go.
    std::optional<format::RecordSearch> search;
  };
  // Of the block that is being decided about; in this order, up to the first one that fits.
  struct Trials {
    Trial pending, now, plain;
  };

  KeyFile Look(uint32_t block, const std::string& path);
  static bool SameKey(const Keys& keys);
  // A slice of it. True: it is known.
  static bool Try(const Block& block, std::string_view file, const crypto::FoundKey* key,
                  Trial* trial);
  static bool TrySome(const Block& block, std::string_view file, const crypto::FoundKey* key,
                      Trial* trial);
  static void Use(const crypto::FoundKey* key, Block* block);

  const BlockCodec* const codec_;
  FileReads reads_;
  DiskSteps steps_;
  std::map<uint32_t, Keys> keys_;
  Trials trials_;
  bool looked_ = false;
  uint32_t resealed_ = 0;  // As far as this block.
  std::string failure_;
};

}  // namespace dunlin::file
