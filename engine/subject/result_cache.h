// Keeps results of late matches, bounded in number and bytes, and right under changes.
//
// A change of a literal subject drops the one result it touches. A change of a pattern could touch
// many; it only goes to a ring of the last kChangesMax patterns, and a result checks against those
// that changed since it was last looked at, when it is looked at the next time. A result that
// missed more than the ring holds is dropped. So no change walks the cache, and none throws it
// away.
//
// A full cache gives up a result whose hash is near the new one's: as good as any, found at once,
// and the same in every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/subject/hash_index.h"
#include "engine/subject/match_result.h"
#include "engine/subject/slab.h"

namespace dunlin::subject {

class ResultCache {
 public:
  static constexpr uint32_t kChangesMax = 64;

  ResultCache(size_t entries_max, size_t bytes_max)
      : entries_max_(entries_max), bytes_max_(bytes_max) {}

  // The result for 'subject' if there is one and it is right, else null. It lives until drops()
  // changes.
  const MatchResult* Find(uint32_t hash, std::string_view subject);

  // Memory for a result of 'bytes' for a subject that Find() did not have; null if it is too large
  // to be kept. Makes room first. What is written there must then be handed to Add().
  [[nodiscard]] void* Reserve(uint32_t hash, size_t bytes);
  void Add(uint32_t hash, MatchResult* result);

  void LiteralChanged(uint32_t hash, std::string_view subject);
  void PatternChanged(std::string_view pattern);
  void Clear();

  size_t size() const { return index_.size(); }
  uint32_t max_fanout() const;  // Looks at every result.
  uint64_t total_fanout() const { return total_fanout_; }
  // Counts results dropped.
  uint64_t drops() const { return drops_; }
  size_t BytesUsed() const;
  uint64_t work_done() const { return index_.work_done(); }
  void CheckInvariants() const;

 private:
  // One result never takes more than this share of bytes_max, so that others have a place too.
  static constexpr size_t kShareMax = 4;
  // Results given up to make room for one; if that does not do, it is not kept.
  static constexpr int kEvictionsMax = 64;

  MatchResult* At(uint32_t ref) const { return slab_.At<MatchResult>(ref); }
  uint32_t Lookup(uint32_t hash, std::string_view subject) const;
  bool IsRight(MatchResult* result) const;
  void Drop(uint32_t ref);

  const size_t entries_max_;
  const size_t bytes_max_;
  Slab slab_;
  HashIndex index_;
  uint32_t reserved_ = Slab::kNone;
  std::vector<std::string>
      changes_;  // A ring: change number n is at n % kChangesMax. Empty: none yet.
  uint32_t change_count_ = 0;
  size_t bytes_ = 0;
  uint64_t total_fanout_ = 0;
  uint64_t drops_ = 0;
};

}  // namespace dunlin::subject
