// Keeps the index that a start after a crash learns from: a chain of parts (index_part.h), of which
// each checkpoint adds one, with what changed since the one before. The chain is begun anew, with a
// base, when that costs less than going on, or when nobody knows any more what changed.
//
//   if (chain.WantsBase(index) && !chain.BuildBase(&index, subjects)) come again;
//   if (chain.Cut(&index, number, purged)) the checkpoint begun now is to name parts()
//   ... Work(), OnDisk() until !busy(); then parts(): empty if that came to nothing
//   chain.Taken(named): the files that no checkpoint names any more go
//
// What it writes is a cache: a failure ends the chain, nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/file/disk_steps.h"
#include "storage/file/index_part.h"
#include "storage/file/store_disk.h"

namespace dunlin::file {

class IndexChain {
 public:
  struct Limits {
    // A store with less in its blocks has none: they are read in no time.
    uint64_t data_bytes_min = 32u << 20;
    // How much longer a chain may be than what it is worth.
    uint64_t slack_bytes = 64u << 10;
  };

  IndexChain(const Limits& limits, StoreDisk disk, std::string_view stream);

  // After a start. 'files': the numbers of parts that are there. 'parts': the chain that the
  // checkpoint names, if it was believed. 'highest': of all parts that were there.
  void Adopt(std::vector<uint32_t> files, std::vector<IndexPart> parts, uint32_t highest);
  // What it is sealed with from now on; null: nothing. Lives on.
  void SetSealing(PartWriter::Sealing sealing) { sealing_ = sealing; }

  // Whether the store is to have an index: it is large enough, and all of it can be said.
  bool Wanted(const StreamIndex& index) const;
  bool WantsBase(const StreamIndex& index) const;
  // A slice of it. True: it is built.
  bool BuildBase(StreamIndex* index, int subjects);
  // The state of this moment is to be known: it ends a part. False: there is no index for it.
  bool Cut(StreamIndex* index, uint64_t number, bool purged);

  // Frames and writes what was cut. True: come again.
  bool Work();
  bool OnDisk(const DiskDone& done);
  // A part is being made.
  bool busy() const { return stage_ != Stage::kNone; }
  const std::vector<IndexPart>& parts() const { return parts_; }

  // A checkpoint was taken that names these.
  void Taken(const std::vector<IndexPart>& named);
  // All files go. REQUIRES: !busy().
  void RemoveAll();
  bool removing() const { return !removals_.idle(); }

 private:
  enum class Stage : uint8_t { kNone, kFraming, kWriting };
  uint64_t Estimate(const StreamIndex& index) const;
  uint64_t ChainBytes() const;
  void Write();
  void Remove(uint32_t number);

  const Limits limits_;
  StoreDisk disk_;
  const crypto::HighwayHash64 checksum_;
  PartWriter::Sealing sealing_;

  std::vector<IndexPart> parts_;
  std::vector<uint32_t> files_;  // All that are there, or may be.
  uint32_t next_ = 1;
  uint64_t entry_bytes_ = 24;  // Of a subject in the last base, about.

  // The base being built, and the subject to go on with.
  struct Base {
    std::vector<std::unique_ptr<PartWriter>> parts;
    SubjectEntries entries;
    std::string from;
    uint64_t count = 0;
    bool built = false;
  };
  void BeginBase(StreamIndex* index);
  void NewBasePart(uint64_t expected);
  std::unique_ptr<Base> base_;

  Stage stage_ = Stage::kNone;
  std::vector<std::unique_ptr<PartWriter>> writing_;  // Being framed; then their files are written.
  std::vector<IndexPart> fresh_;                      // What these are.
  DiskSteps steps_, removals_;
};

}  // namespace dunlin::file
