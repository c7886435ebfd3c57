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
#include <utility>
#include <vector>

#include "engine/subject/hash.h"
#include "engine/subject/hash_index.h"
#include "engine/subject/match_result.h"
#include "engine/subject/pattern_trie.h"
#include "engine/subject/result_builder.h"
#include "engine/subject/result_cache.h"
#include "engine/subject/topics.h"

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

// A result copied out of the list, to be kept across changes of it, and beyond its life.
class ResultHold {
 public:
  ResultHold() = default;

  explicit operator bool() const { return block_ != nullptr; }
  // REQUIRES: holds something.
  const MatchResult& operator*() const { return *get(); }
  const MatchResult* operator->() const { return get(); }
  const MatchResult* get() const { return reinterpret_cast<const MatchResult*>(block_.get()); }
  void Reset() { block_.reset(); }

 private:
  friend class Sublist;
  explicit ResultHold(std::unique_ptr<char[]> block) : block_(std::move(block)) {}

  std::unique_ptr<char[]> block_;
};

class Sublist {
 public:
  struct Options {
    bool cache = true;  // False: no_sublist_cache.
    // Seeds the hash of subjects, so that clients cannot choose subjects that collide.
    uint64_t hash_seed = 0;
    // At this many Insert() refuses, as it does when references run out (some 15 GiB). At most
    // 2^27.
    size_t subscriptions_max = size_t{1} << 27;
    // When a result would not fit, others make room.
    size_t cache_entries_max = 128 * 1024;
    size_t cache_bytes_max = 16 * 1024 * 1024;
  };

  explicit Sublist(Options options);
  Sublist(const Sublist&) = delete;
  Sublist& operator=(const Sublist&) = delete;

  // 'queue' empty: a plain subscription. Keeps no view. Returns kNone, and has done nothing, if
  // !IsValidPattern(subject), the reference's 'sublist: invalid subject', or if the list is full.
  [[nodiscard]] SubHandle Insert(std::string_view subject, std::string_view queue, SubRef sub);

  // REQUIRES for all that take one, but Next(): 'handle' came from Insert() and was not removed
  // since.
  void Remove(SubHandle handle);
  // Views that live until the subscription is removed.
  std::string_view SubjectOf(SubHandle handle) const;
  std::string_view QueueOf(SubHandle handle) const;
  SubRef RefOf(SubHandle handle) const;
  // Subscriptions with the same subject and the same queue, this one included. 1 after Insert():
  // interest began; 1 before Remove(): it ends.
  size_t PeerCount(SubHandle handle) const;

  // Subscriptions with exactly this subject and queue; wildcards are taken by their bytes.
  size_t CountExact(std::string_view subject, std::string_view queue) const;
  // One of them that is 'sub', or kNone. Looks at all that CountExact() counts.
  SubHandle FindExact(std::string_view subject, std::string_view queue, SubRef sub) const;

  // Who receives a message to 'subject', taken by its bytes. Empty for a subject with an empty
  // token. The result lives until result_epoch() changes; Hold() keeps it longer.
  const MatchResult& Match(std::string_view subject) {
    ++matches_;
    if (last_ != nullptr && last_->IsFor(subject)) {
      ++hits_;
      return *last_;
    }
    return MatchAnew(subject);
  }

  // While this stays, all results since stay alive and right. Only Insert(), Remove() and Match()
  // change it: Match() when it does not find the subject in the cache and may give up another
  // result for it.
  uint64_t result_epoch() const { return inserts_ + removes_ + cache_.drops() + uncached_; }

  // REQUIRES: 'result' is alive. Costs a copy.
  [[nodiscard]] static ResultHold Hold(const MatchResult& result);

  // Changes with every Insert() and Remove(): a held result of the same generation is still right.
  uint64_t generation() const { return inserts_ + removes_; }

  // Match() without the list of who. Fills no cache, but looks there. (The reference's count stops
  // at the first pattern when the subject is not in its cache; this one is always complete.)
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
  // Walks the cache.
  SublistStats Stats() const;

  // All that this list has allocated. 0 when the last subscription is gone, until the next Match().
  size_t BytesUsed() const;
  // Slots of tables that growing and shrinking has moved so far: what a single call adds is
  // bounded.
  uint64_t work_done() const;
  // Nodes of the trie that holds the patterns.
  size_t pattern_node_count() const { return patterns_.node_count(); }

  // Aborts if the list contradicts itself. Slow.
  void CheckInvariants() const;

 private:
  uint32_t HashOf(std::string_view subject) const {
    return static_cast<uint32_t>(HashText(subject, options_.hash_seed) >> 32);
  }
  uint32_t FindLiteral(uint32_t hash, std::string_view subject) const;
  const MemberList* Exact(std::string_view subject, std::string_view queue) const;
  uint32_t FindOrAddTopic(std::string_view subject, bool wildcard, uint32_t hash);
  void DropTopic(uint32_t topic, uint32_t hash);
  void Changed(std::string_view subject, bool wildcard, uint32_t hash);
  const MatchResult& MatchAnew(std::string_view subject);
  const MatchResult* FindCached(std::string_view subject, uint32_t hash);
  // Fills matched_ with the topics that 'subject' reaches.
  void Collect(std::string_view subject, uint32_t hash);
  char* UncachedMemory(size_t bytes);
  void LetGo();

  const Options options_;
  uint64_t inserts_ = 0;
  uint64_t removes_ = 0;
  uint64_t matches_ = 0;
  uint64_t hits_ = 0;
  uint64_t uncached_ = 0;  // Results written outside the cache.
  const MatchResult* last_ =
      nullptr;  // Of the last Match(), if it is alive and right; only with a cache.

  Topics topics_;
  HashIndex literals_;    // Topics without a wildcard.
  PatternTrie patterns_;  // Those with one.
  ResultCache cache_;
  ResultBuilder builder_;
  std::vector<uint32_t> matched_;

  // The last result that is not in the cache.
  std::unique_ptr<char[]> uncached_block_;
  size_t uncached_bytes_ = 0;
};

}  // namespace dunlin::subject
