// Writes stretches of recovered segments once more, where they lie and byte for byte the same: what
// a failed sync left in the page cache becomes dirty again, so that the next sync writes it.
//
// Harmless wherever it is cut off: a sector holds the same before and after.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/journal/poison.h"
#include "storage/journal/reader.h"
#include "storage/journal/ring.h"

namespace dunlin::journal {

struct Stretch {
  uint32_t slot = 0;
  uint64_t begin = 0, end = 0;
  uint64_t file_bytes = 0;  // How long the file is.
};

class Rewriter {
 public:
  Rewriter(DiskQueue* disk, SegmentRing* ring, Poison* poison)
      : disk_(disk), ring_(ring), poison_(poison), reader_(disk) {}

  // REQUIRES: the files are open.
  void Begin(std::vector<Stretch> stretches);
  bool OnDisk(const DiskDone& done);
  bool busy() const { return reader_.busy() || write_.value != 0; }

 private:
  void Advance();

  DiskQueue* const disk_;
  SegmentRing* const ring_;
  Poison* const poison_;
  Reader reader_;
  std::vector<Stretch> stretches_;  // The first one is under way.
  uint64_t at_ = 0;                 // In it.
  uint64_t wanted_ = 0;             // Bytes from there on that are being written.
  bool started_ = false;            // The reader has, on the first one.
  DiskTicket write_;
};

}  // namespace dunlin::journal
