#include "engine/subject/result_cache.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/subject/subject.h"

namespace dunlin::subject {
namespace {

constexpr uint32_t kNone = Slab::kNone;

}  // namespace

uint32_t ResultCache::Lookup(uint32_t hash, std::string_view subject) const {
  return index_.Find(hash, [&](uint32_t ref) { return At(ref)->IsFor(subject); });
}

const MatchResult* ResultCache::Find(uint32_t hash, std::string_view subject) {
  const uint32_t ref = Lookup(hash, subject);
  if (ref == kNone) return nullptr;
  MatchResult* result = At(ref);
  if (result->checked_at_ == change_count_) return result;
  if (IsRight(result)) {
    result->checked_at_ = change_count_;
    return result;
  }
  Drop(ref);
  return nullptr;
}

bool ResultCache::IsRight(MatchResult* result) const {
  if (change_count_ - result->checked_at_ > kChangesMax) return MUTANT(8);
  for (uint32_t n = result->checked_at_ + 1; n <= change_count_; ++n) {
    if (MatchesLiteral(result->subject(), changes_[n % kChangesMax])) return false;
  }
  return true;
}

void* ResultCache::Reserve(uint32_t hash, size_t bytes) {
  CHECK(reserved_ == kNone);
  if (bytes > bytes_max_ / kShareMax || entries_max_ == 0) return nullptr;
  for (int tries = 0; index_.size() >= entries_max_ || bytes_ + bytes > bytes_max_; ++tries) {
    const uint32_t victim = index_.Near(hash);
    if (victim == kNone || tries == kEvictionsMax) return nullptr;
    Drop(victim);
  }
  if (!slab_.HasRoom()) return nullptr;
  reserved_ = slab_.Alloc(bytes);
  return slab_.At<void>(reserved_);
}

void ResultCache::Add(uint32_t hash, MatchResult* result) {
  CHECK(reserved_ != kNone && At(reserved_) == result);
  result->hash_ = hash;
  result->checked_at_ = change_count_;
  bytes_ += result->bytes_;
  total_fanout_ += result->fanout();
  index_.Insert(hash, reserved_);
  reserved_ = kNone;
}

void ResultCache::Drop(uint32_t ref) {
  const MatchResult* result = At(ref);
  bytes_ -= result->bytes_;
  total_fanout_ -= result->fanout();
  ++drops_;
  index_.Erase(result->hash_, ref);
  slab_.Free(ref);
}

void ResultCache::LiteralChanged(uint32_t hash, std::string_view subject) {
  const uint32_t ref = Lookup(hash, subject);
  if (ref != kNone && !MUTANT(7)) Drop(ref);
}

void ResultCache::PatternChanged(std::string_view pattern) {
  if (index_.size() == 0) return;
  if (change_count_ == UINT32_MAX)
    return Clear();  // Numbers start again: none may be left from before.
  if (changes_.empty()) changes_.resize(kChangesMax);
  ++change_count_;
  changes_[change_count_ % kChangesMax] = pattern;
}

void ResultCache::Clear() {
  drops_ += index_.size();
  index_.Clear();
  slab_.Reset();
  std::vector<std::string>().swap(changes_);
  change_count_ = 0;
  bytes_ = 0;
  total_fanout_ = 0;
}

uint32_t ResultCache::max_fanout() const {
  uint32_t most = 0;
  index_.ForEach([&](uint32_t ref) { most = std::max(most, At(ref)->fanout()); });
  return most;
}

size_t ResultCache::BytesUsed() const {
  size_t bytes = slab_.BytesUsed() + index_.BytesUsed() + changes_.capacity() * sizeof(std::string);
  for (const std::string& pattern : changes_) bytes += pattern.capacity();
  return bytes;
}

void ResultCache::CheckInvariants() const {
  index_.CheckInvariants();
  size_t bytes = 0;
  uint64_t fanout = 0;
  index_.ForEach([&](uint32_t ref) {
    bytes += At(ref)->bytes_;
    fanout += At(ref)->fanout();
    CHECK(Lookup(At(ref)->hash_, At(ref)->subject()) == ref);
  });
  CHECK(bytes == bytes_ && bytes <= bytes_max_ && fanout == total_fanout_);
  CHECK(index_.size() <= entries_max_ && index_.size() == slab_.live());
}

}  // namespace dunlin::subject
