#include "engine/monitor/sorted_rows.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace dunlin::monitor {
namespace {

// std's heaps have the largest on top; we want the smallest.
constexpr auto kLater = [](const auto& a, const auto& b) {
  return a.rows[a.next] > b.rows[b.next];
};

}  // namespace

bool SortedRows::Add(const Row& row) {
  CHECK(!sealed_);
  if (runs_.empty() || runs_.back().rows.size() == kRunRows) {
    runs_.emplace_back();
    runs_.back().rows.reserve(kRunRows);
  }
  std::vector<Row>& rows = runs_.back().rows;
  rows.push_back(row);
  ++size_;
  if (rows.size() < kRunRows) return false;
  std::sort(rows.begin(), rows.end());
  return true;
}

void SortedRows::Seal() {
  CHECK(!sealed_);
  sealed_ = true;
  if (runs_.empty()) return;
  std::vector<Row>& last = runs_.back().rows;
  if (last.size() < kRunRows) std::sort(last.begin(), last.end());
  std::make_heap(runs_.begin(), runs_.end(), kLater);
}

Row SortedRows::Pop() {
  CHECK(sealed_ && size_ > 0);
  std::pop_heap(runs_.begin(), runs_.end(), kLater);
  Run& run = runs_.back();
  const Row row = run.rows[run.next++];
  if (run.next < run.rows.size()) {
    std::push_heap(runs_.begin(), runs_.end(), kLater);
  } else {
    runs_.pop_back();
  }
  --size_;
  return row;
}

}  // namespace dunlin::monitor
