// Sorts many rows without ever sorting many at once: rows are collected in runs, each sorted when
// it is full, and taken out through a heap of the runs. Both ends cost little a step, so a listing
// can stop and go on between any two of them.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace dunlin::monitor {

// One connection in a listing: what it is sorted by, and where to find it when its turn comes.
struct Row {
  enum class Where : uint8_t { kOpen, kClosed };

  int64_t key;  // Ascending; equal ones by cid.
  uint64_t cid;
  Where where;
  uint64_t place;  // Source position, or the number in the closed ring.

  auto operator<=>(const Row&) const = default;
};

class SortedRows {
 public:
  // Rows that are sorted in one go: some 200 microseconds.
  static constexpr size_t kRunRows = 2048;

  // Returns whether this was an expensive call: it sorted a run.
  bool Add(const Row& row);
  // No more will be added. REQUIRES: once, before the first Pop().
  void Seal();
  size_t size() const { return size_; }
  // REQUIRES: rows are left.
  Row Pop();

 private:
  struct Run {
    std::vector<Row> rows;
    size_t next = 0;
  };

  std::vector<Run> runs_;  // After Seal(): a heap, the run with the smallest next row first.
  size_t size_ = 0;
  bool sealed_ = false;
};

}  // namespace dunlin::monitor
