// index.db as a block store writes and reads it: the reference's, and behind its last field, where
// the reference does not look, what else this store knows of its blocks:
//
//   "DLX", 1; incarnation 16; record number; 1 if a purge is all there was, else 0; then for each
//   block as above: 1 if it is compressed, else 0; length of its plain bytes and of its file, its
//   lowest sequence, checksum of its last record (8 bytes), how many tombstones are in it, and
//   their targets as a SeqSet
//
// Numbers as varints. Without this part (the reference has written it since) the file is no use:
// the blocks are read. Both directions go through millions of subjects in slices.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/incarnation.h"
#include "storage/file/stream_index.h"
#include "storage/format/byte_reader.h"
#include "storage/format/index_state.h"

namespace dunlin::file {

// Which state of which life an index describes.
struct IndexPoint {
  Incarnation incarnation;
  uint64_t number = 0;  // Of the last journal record in it.
  bool purged = false;  // FileStore::purged_.
  bool operator==(const IndexPoint&) const = default;
};

// How sets of sequences stand in it: their size, and unless that is 0 a SeqSet.
void AppendSet(const SeqSet& set, std::string* out);
[[nodiscard]] bool ReadSet(format::ByteReader* in, SeqSet* out);

// Where a block ends in its file: what is behind its last record is dead, and the reference wants
// to hear of none of it. But the last block's last sequence is the stream's.
struct BlockEnd {
  Seq last = 0;
  uint64_t beyond = 0;  // How many of the deleted ones are behind it.
};
[[nodiscard]] BlockEnd EndInFile(const StreamIndex& index, const Block& block);

// Whether all that a store knows fits into an index: nothing is damaged, cut or owed, and there is
// a block.
[[nodiscard]] bool CanIndex(const StreamIndex& index);

// Writes one. What it describes must not change before it is done.
class IndexBuilder {
 public:
  // REQUIRES: CanIndex(index); it outlives this.
  IndexBuilder(const StreamIndex& index, const IndexPoint& point);

  // Takes this many subjects, or all blocks. True: done.
  bool Step(int subjects_max);
  // The plain file, without its checksum. REQUIRES: done.
  std::string Take() { return std::move(out_); }

 private:
  void AddBlocks();

  const StreamIndex& index_;
  const IndexPoint point_;
  std::string out_;
  format::IndexWriter writer_;
  std::string from_;  // The subject to go on with.
  bool done_ = false;
};

// Reads one: first everything but the subjects, which are only walked over, then these.
class IndexLoader {
 public:
  // 'plain' as IndexBuilder made it. 'stream': for the blocks' checksums. 'to' is empty, gets the
  // subjects piece by piece and the rest at the end, and is empty again if it is no use.
  IndexLoader(std::string plain, std::string stream, StreamIndex* to);

  enum class Step : uint8_t { kMore, kDone, kUnusable };
  // Looks at this many subjects.
  Step Work(int subjects_max);

  // Once kDone.
  const IndexPoint& point() const { return point_; }

 private:
  enum class Pass : uint8_t { kBlocks, kSubjects, kDone, kUnusable };
  Step WalkOver(int budget);
  Step AddSubjects(int budget);
  bool ReadExtra();
  bool Agrees() const;
  Step Unusable();

  const std::string plain_;
  const std::string stream_;
  std::unique_ptr<format::IndexReader> reader_;
  Pass pass_ = Pass::kBlocks;
  IndexPoint point_;
  StreamIndex index_;  // Without subjects.
  StreamIndex* const to_;
};

}  // namespace dunlin::file
