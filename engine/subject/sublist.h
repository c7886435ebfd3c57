// The subject index: which subscriptions a subject reaches.
//
// Holds the subjects and queue names of all subscriptions, so that their owner need not; a
// subscription itself is a number of the owner's (SubRef). Literal subjects live in a hash table,
// patterns in a trie; what was matched lately is kept in a bounded cache. See README.md for how.
//
// Order of a result: subscribers of the subject itself, then of the patterns that match it, in an
// order that depends on nothing but the calls made so far. Within one subject, subscribers come in
// the order of Insert(), and Remove() puts the last one into the place of the one removed. Groups
// come in the order in which their first member comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/subject/match_result.h"

namespace dunlin::subject {

// Names a subscription in one Sublist. Used again for another after Remove().
enum class SubHandle : uint32_t { kNone = 0 };

struct InterestCount {
  size_t plain = 0;
  size_t queue = 0;  // Members of queue groups, not groups.
};

// What /subsz shows of one or several lists.
struct SublistStats {
  uint32_t num_subscriptions = 0;
  uint32_t num_cache = 0;  // Results in the cache.
  uint64_t num_inserts = 0;
  uint64_t num_removes = 0;
  uint64_t num_matches = 0;  // Calls of Match().
  uint64_t cache_hits =
      0;  // Of these, and of HasInterest() and NumInterest(), answered by the cache.
  uint32_t max_fanout = 0;  // Over the cached results: plain subscribers and groups.
  uint64_t total_fanout = 0;

  double CacheHitRate() const;
  double AvgFanout() const;
  void Add(const SublistStats& other);
};

class Sublist;

// Keeps a result across changes of the list, as it was. Must not outlive the list.
class ResultHold {
 public:
  ResultHold() = default;
  ResultHold(ResultHold&& other) noexcept : list_(other.list_), result_(other.result_) {
    other.list_ = nullptr;
    other.result_ = nullptr;
  }
  ResultHold& operator=(ResultHold&& other) noexcept;
  ~ResultHold() { Reset(); }

  explicit operator bool() const { return result_ != nullptr; }
  // REQUIRES: holds something.
  const MatchResult& operator*() const { return *result_; }
  const MatchResult* operator->() const { return result_; }
  void Reset();

 private:
  friend class Sublist;
  ResultHold(Sublist* list, const MatchResult* result) : list_(list), result_(result) {}

  Sublist* list_ = nullptr;
  const MatchResult* result_ = nullptr;
};

class Sublist {
 public:
  struct Options {
    bool cache = true;  // False: no_sublist_cache.
    // Seeds the hash of subjects, so that clients cannot choose subjects that collide.
    uint64_t hash_seed = 0;
  };

  explicit Sublist(Options options);
  // REQUIRES: no ResultHold is left.
  ~Sublist();
  Sublist(const Sublist&) = delete;
  Sublist& operator=(const Sublist&) = delete;

  // 'queue' empty: a plain subscription. Keeps no view. Returns kNone, and has done nothing, if
  // !IsValidPattern(subject): the reference's 'sublist: invalid subject'.
  [[nodiscard]] SubHandle Insert(std::string_view subject, std::string_view queue, SubRef sub);

  // REQUIRES for all that take one: 'handle' came from Insert() and was not removed since.
  void Remove(SubHandle handle);
  // Views that live until the subscription is removed.
  std::string_view SubjectOf(SubHandle handle) const;
  std::string_view QueueOf(SubHandle handle) const;
  SubRef RefOf(SubHandle handle) const;
  // Subscriptions with the same subject and the same queue, this one included. 1 after Insert():
  // interest began; 1 before Remove(): it ends.
  size_t PeerCount(SubHandle handle) const;

  // Who receives a message to 'subject', taken by its bytes. Empty for a subject with an empty
  // token. The result lives until the next Match(), Insert() or Remove(); Hold() keeps it longer.
  const MatchResult& Match(std::string_view subject);

  // REQUIRES: 'result' is alive.
  [[nodiscard]] ResultHold Hold(const MatchResult& result);

  // Changes with every Insert() and Remove(): a held result of the same generation is still right.
  uint64_t generation() const { return inserts_ + removes_; }

  // Match() without the list of who. Fills no cache, but looks there.
  bool HasInterest(std::string_view subject);
  InterestCount NumInterest(std::string_view subject);

  // Appends the subscriptions whose subject SubjectsCollide() with 'subject', which may have
  // wildcards, in the order of Next(). Walks the whole list: for small ones; else use Next() in
  // slices.
  void ReverseMatch(std::string_view subject, std::vector<SubHandle>& out) const;

  // The subscription after 'handle' (which may be removed by now) in the order of handles; kNone:
  // the first one, or at the end. Visits what stays in the list exactly once, whatever changes
  // meanwhile.
  SubHandle Next(SubHandle handle) const;

  size_t size() const { return static_cast<size_t>(inserts_ - removes_); }
  bool cache_enabled() const { return options_.cache; }
  SublistStats Stats() const;

  // All that this list has allocated. 0 when the last subscription is gone and nothing is held.
  size_t BytesUsed() const;

 private:
  friend class ResultHold;
  void Release(const MatchResult* result);

  struct Impl;
  const Options options_;
  uint64_t inserts_ = 0;
  uint64_t removes_ = 0;
  std::unique_ptr<Impl> impl_;
};

inline ResultHold& ResultHold::operator=(ResultHold&& other) noexcept {
  if (this != &other) {
    Reset();
    list_ = other.list_;
    result_ = other.result_;
    other.list_ = nullptr;
    other.result_ = nullptr;
  }
  return *this;
}

inline void ResultHold::Reset() {
  if (result_ != nullptr) list_->Release(result_);
  list_ = nullptr;
  result_ = nullptr;
}

}  // namespace dunlin::subject
