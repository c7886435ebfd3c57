// Which of the bytes that were appended to a block, and are not in its file yet, may go there:
// those up to an end, once the journal has passed a point.
//
// A record of many streams mostly has a point of its own. Those that lie close together share the
// last one's: what is known of a block then fits into it, and each record touches nothing else.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/store/write_point.h"

namespace dunlin::file {

class WritePoints {
 public:
  // A record's, which ends at 'end'. 'grain': so many bytes, about, share a point. REQUIRES: above
  // all others.
  void Add(WritePoint point, uint64_t end, uint64_t grain) {
    if (last_.point != point && last_.end > begin_ && end - begin_ > grain) Close();
    last_ = {point, end};
  }
  // What is added from now on shares nothing with what is there.
  void Close() {
    if (last_.end <= begin_) return;
    closed_.push_back(last_);
    begin_ = last_.end;
  }
  // Up to where bytes may be written, now that the journal covers what 'covers' says; 'written' is
  // where they are.
  template <class Covers>
  uint64_t Reach(uint64_t written, Covers covers) const {
    const auto waits = std::partition_point(
        closed_.begin(), closed_.end(), [&](const Entry& entry) { return covers(entry.point); });
    if (waits == closed_.end() && last_.end > begin_ && covers(last_.point)) return last_.end;
    return waits == closed_.begin() ? written : waits[-1].end;
  }
  // So much is in the file.
  void Forget(uint64_t written) {
    const auto kept = std::partition_point(
        closed_.begin(), closed_.end(), [&](const Entry& entry) { return entry.end <= written; });
    closed_.erase(closed_.begin(), kept);
    begin_ = std::max(begin_, std::min(written, last_.end));
  }
  void Clear() { *this = {}; }
  bool empty() const { return closed_.empty() && last_.end <= begin_; }

 private:
  struct Entry {
    WritePoint point;
    uint64_t end = 0;
  };
  Entry last_;          // Of what lies behind 'begin_', if there is something.
  uint64_t begin_ = 0;  // Where the last one of 'closed_' ends, or what is written.
  std::vector<Entry> closed_;
};

}  // namespace dunlin::file
