// Learns from the parts of an index (index_part.h) that a checkpoint names what was in the blocks
// when it was taken, without reading them. It is all or nothing: if a part cannot be read, is not
// what the checkpoint says, or the whole does not fit together, there is no index.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "storage/file/checkpoint.h"
#include "storage/file/file_reads.h"
#include "storage/file/index_part.h"

namespace dunlin::file {

class ChainOpening {
 public:
  // All outlive this. 'index' is empty, and gets subjects, blocks and totals; it is empty again if
  // there is no index. 'key': what parts are sealed with, if they are.
  ChainOpening(const StoreDisk& disk, const Checkpoint& checkpoint, std::string stream,
               const crypto::FoundKey* key, StreamIndex* index, int entries_per_slice);

  bool OnDisk(const DiskDone& done) { return reads_.OnDisk(done); }
  enum class Step : uint8_t { kMore, kWait, kDone, kUnusable };
  Step Work();

  // After kDone.
  bool purged() const { return head_.purged; }
  // After kUnusable: which file, and why. Empty: it is no damage.
  const std::string& why() const { return why_; }

 private:
  Step Unusable(std::string why);
  Step NextPart();
  Step WorkPlain();
  bool ReadHead();
  Step Finish();

  const Checkpoint& checkpoint_;
  const std::string stream_;
  const crypto::HighwayHash64 checksum_;
  const crypto::FoundKey* const key_;
  StreamIndex* const index_;
  const int entries_per_slice_;
  FileReads reads_;

  size_t part_ = 0;
  std::unique_ptr<PartReader> reader_;
  std::optional<format::ByteReader> plain_;  // Of the part, once it is whole.
  ChangesHead head_;
  bool headed_ = false;
  bool changes_ = false;  // The base is behind us.
  uint64_t blocks_left_ = 0;
  Seq before_ = 0;
  std::map<uint32_t, std::unique_ptr<Block>> blocks_;
  std::string why_;
};

}  // namespace dunlin::file
