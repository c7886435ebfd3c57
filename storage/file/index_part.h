// Files of ours beside the checkpoint, msgs/index-N.part, from which a start after a crash learns
// what is in the blocks without reading them. A checkpoint names those that stand for its state, in
// order: a base (all subjects, as they stood while it was written), then changes: what each
// checkpoint since found changed. They are a cache: without them, or if one is not what the
// checkpoint says, the blocks are read. Each is written once, under a name that was never used.
//
//   "DLIX", 1; then frames of up to 256 KiB: length of the bytes u32, the bytes (sealed, with the
//   key of index.db, in an encrypted store), HighwayHash-64 of them by StreamChecksum()
//
// The frames' bytes, one after the other, are
//   base:     1; entries of subjects (index_log.h)
//   changes:  2; number of the last journal record in it, 1 if a purge is all there was, messages,
//             bytes; how many blocks, and for each that changed since the last part what a store
//             knows of it; entries of subjects
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/crypto/highway_hash.h"
#include "storage/crypto/key_ring.h"
#include "storage/file/checkpoint.h"
#include "storage/file/stream_index.h"
#include "storage/format/byte_reader.h"

namespace dunlin::file {

inline constexpr uint8_t kBasePart = 1, kChangesPart = 2;

// Within msgs/.
[[nodiscard]] std::string PartFile(uint32_t number);
[[nodiscard]] std::string PartPath(uint32_t number);  // Within the stream's directory.
[[nodiscard]] std::optional<uint32_t> ParsePartFile(std::string_view name);

// Makes a file of what is given piece by piece.
class PartWriter {
 public:
  // What frames are sealed with, if they are. All outlive this.
  struct Sealing {
    const crypto::FoundKey* key = nullptr;
    crypto::Entropy* entropy = nullptr;
  };
  PartWriter(uint32_t number, const crypto::HighwayHash64& checksum, Sealing sealing);

  void Add(std::string plain);
  // So much is to come, about: a file that grows by doubling is copied, and the engine's thread
  // waits.
  void Expect(uint64_t bytes) { file_.reserve(bytes + bytes / 8); }
  // Frames what is there; a slice of it. True: all of it is framed.
  bool Step();
  // REQUIRES: Step() said true. The file, and what a checkpoint says of it.
  std::string Take() { return std::move(file_); }
  IndexPart Describe() const;
  uint64_t bytes() const { return file_.size() + plain_bytes_; }

 private:
  void Frame(std::string_view plain);

  const uint32_t number_;
  const crypto::HighwayHash64 checksum_;
  const Sealing sealing_;
  std::deque<std::string> plain_;  // To be framed.
  uint64_t plain_bytes_ = 0;
  size_t at_ = 0;  // So much of the first one is framed.
  std::string file_;
  std::string sums_;  // Of all frames.
};

// Takes one apart.
class PartReader {
 public:
  PartReader(std::string file, const IndexPart& part, const crypto::HighwayHash64& checksum,
             const crypto::FoundKey* key)
      : file_(std::move(file)), part_(part), checksum_(checksum), key_(key) {}

  // kOtherKey: as it was written, with another key or none: the stream's has changed since.
  enum class Step : uint8_t { kMore, kDone, kUnusable, kOtherKey };
  Step Work();
  // Once kDone.
  const std::string& plain() const { return plain_; }

 private:
  const std::string file_;
  const IndexPart part_;
  const crypto::HighwayHash64 checksum_;
  const crypto::FoundKey* const key_;
  size_t at_ = 0;
  std::string plain_, sums_;
};

// The front of a part with changes. All blocks that are not as their stamps say are in it, and have
// new stamps.
struct ChangesHead {
  uint64_t number = 0;  // Of the last journal record.
  bool purged = false;
  uint64_t msgs = 0, bytes = 0;
  uint64_t blocks = 0;  // How many follow.
};
[[nodiscard]] std::string EncodeChanges(StreamIndex* index, uint64_t number, bool purged);
[[nodiscard]] bool ReadChangesHead(format::ByteReader* in, ChangesHead* head);
// Null: that is none.
[[nodiscard]] std::unique_ptr<Block> ReadBlockEntry(format::ByteReader* in,
                                                    std::string_view stream);

// What of a block an entry is made from.
[[nodiscard]] BlockStamp StampOf(const Block& block);

}  // namespace dunlin::file
