#include "engine/store/expiry_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/base/check.h"

namespace dunlin {
namespace {

constexpr size_t kRunMax = 512;
// What a node of std::map costs beside its value.
constexpr size_t kRunOverhead = 40;

}  // namespace

WallTime ExpiryOf(WallTime time, Duration age) {
  int64_t at = 0;
  return {__builtin_add_overflow(time.ns, age.ns, &at) ? INT64_MAX : at};
}

WallTime ExpiryOf(WallTime time, int64_t ttl) {
  int64_t age = 0;
  if (__builtin_mul_overflow(ttl, Seconds(1).ns, &age)) return {INT64_MAX};
  return ExpiryOf(time, Duration{age});
}

Instant DeadlineOf(WallTime at, const Now& now) {
  int64_t wait = 0;
  if (__builtin_sub_overflow(at.ns, now.wall.ns, &wait)) return at.ns < 0 ? now.mono : kNever;
  if (wait > kNever.ns - std::max<int64_t>(now.mono.ns, 0)) return kNever;
  return now.mono + Duration{wait};
}

// The run that 'expiry' belongs to; end() if there is none at all.
ExpiryQueue::Runs::iterator ExpiryQueue::RunFor(Expiry expiry) {
  auto run = runs_.upper_bound(expiry);
  return run == runs_.begin() ? run : std::prev(run);
}

bool ExpiryQueue::Add(Expiry expiry) {
  auto run = RunFor(expiry);
  if (run == runs_.end()) {
    runs_[expiry].push_back(expiry);
    ++size_;
    return true;
  }
  if (expiry < run->first) {  // Before all others: the run takes it, under a lower name.
    auto node = runs_.extract(run);
    node.key() = expiry;
    run = runs_.insert(std::move(node)).position;
  }
  Run& entries = run->second;
  const auto at = std::lower_bound(entries.begin(), entries.end(), expiry);
  if (at != entries.end() && *at == expiry) return false;
  ++size_;
  if (entries.size() < kRunMax) {
    entries.insert(at, expiry);
    return true;
  }
  // Full. Mostly times go up, and what is behind stays full; else both halves have room.
  if (at == entries.end()) {
    runs_[expiry].push_back(expiry);
    return true;
  }
  const auto middle = entries.begin() + kRunMax / 2;
  Run upper(middle, entries.end());
  entries.erase(middle, entries.end());
  const Expiry bound = upper.front();
  runs_.emplace(bound, std::move(upper));
  Run& half = RunFor(expiry)->second;
  half.insert(std::lower_bound(half.begin(), half.end(), expiry), expiry);
  return true;
}

bool ExpiryQueue::Remove(Expiry expiry) {
  const auto run = RunFor(expiry);
  if (run == runs_.end()) return false;
  Run& entries = run->second;
  const auto at = std::lower_bound(entries.begin(), entries.end(), expiry);
  if (at == entries.end() || *at != expiry) return false;
  entries.erase(at);
  --size_;
  if (entries.empty()) {
    runs_.erase(run);
  } else if (entries.size() < kRunMax / 4) {
    MergeWithNext(run);
  }
  return true;
}

// So that runs that were thinned out do not stay many.
void ExpiryQueue::MergeWithNext(Runs::iterator run) {
  const auto next = std::next(run);
  if (next == runs_.end() || run->second.size() + next->second.size() > kRunMax / 2) return;
  run->second.insert(run->second.end(), next->second.begin(), next->second.end());
  runs_.erase(next);
}

bool ExpiryQueue::Update(Expiry expiry, WallTime at) {
  if (!Remove(expiry)) return false;
  Add({at, expiry.seq});
  return true;
}

void ExpiryQueue::Clear() {
  runs_.clear();
  size_ = 0;
}

std::optional<Expiry> ExpiryQueue::First() const {
  if (runs_.empty()) return std::nullopt;
  return runs_.begin()->second.front();
}

std::optional<Expiry> ExpiryQueue::After(Expiry expiry) const {
  auto run = runs_.upper_bound(expiry);
  if (run != runs_.begin()) {
    const Run& entries = std::prev(run)->second;
    const auto at = std::upper_bound(entries.begin(), entries.end(), expiry);
    if (at != entries.end()) return *at;
  }
  if (run == runs_.end()) return std::nullopt;
  return run->second.front();
}

size_t ExpiryQueue::BytesUsed() const {
  size_t bytes = 0;
  for (const auto& [bound, run] : runs_) {
    bytes += kRunOverhead + sizeof(Runs::value_type) + run.capacity() * sizeof(Expiry);
  }
  return bytes;
}

void ExpiryQueue::CheckInvariants() const {
  size_t size = 0;
  for (auto run = runs_.begin(); run != runs_.end(); ++run) {
    const Run& entries = run->second;
    CHECK(!entries.empty() && entries.size() <= kRunMax);
    CHECK(run->first <= entries.front());
    CHECK(std::is_sorted(entries.begin(), entries.end()));
    CHECK(std::adjacent_find(entries.begin(), entries.end()) == entries.end());
    const auto next = std::next(run);
    CHECK(next == runs_.end() || entries.back() < next->first);
    size += entries.size();
  }
  CHECK(size == size_);
}

}  // namespace dunlin
