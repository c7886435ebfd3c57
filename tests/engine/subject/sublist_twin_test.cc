// The index beside a list of patterns that are tried one by one, under random changes.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "engine/subject/subject.h"
#include "engine/subject/sublist.h"
#include "tests/engine/subject/sublist_testing.h"

namespace dunlin::subject {
namespace {

// What to do, where: each number is folded into what there is to choose from.
using Op = std::tuple<uint8_t, uint16_t, uint16_t>;

// 1 to 4 tokens of a small alphabet, so that subjects meet. 'wild': '*' and '>' among them.
std::string SubjectOf(uint16_t seed, bool wild) {
  const size_t tokens = 1 + seed % 4;
  std::string subject;
  for (size_t i = 0; i < tokens; ++i) {
    const int token = seed >> (2 + 3 * i) & 7;
    if (i > 0) subject += '.';
    if (wild && token == 0 && i + 1 == tokens) {
      subject += '>';
    } else if (wild && token <= 2) {
      subject += '*';
    } else {
      subject += token % 2 == 0 ? "a" : token % 3 == 0 ? "bb" : "a-long-token";
    }
  }
  return subject;
}

std::string QueueOf(uint16_t seed) {
  const int queue = seed % 7;
  return queue < 3 ? "" : "q" + std::to_string(queue);
}

class Twin {
 public:
  explicit Twin(Sublist::Options options) : list_(options) {}

  void Do(const Op& op) {
    const auto [kind, where, which] = op;
    if (kind % 8 < 3) {
      Insert(SubjectOf(where, which % 2 == 0), QueueOf(which / 2));
    } else if (kind % 8 < 5 && !subs_.empty()) {
      Remove(where % subs_.size());
    } else {
      Match(SubjectOf(where, which % 16 == 0));
    }
    RC_ASSERT(list_.size() == subs_.size());
  }

  void Finish() {
    for (uint16_t seed = 0; seed < 300; ++seed)
      Match(SubjectOf(static_cast<uint16_t>(seed * 211), false));
    list_.CheckInvariants();
    Insert("a", "");  // The last one to leave takes the cache along.
    while (!subs_.empty()) Remove(subs_.size() / 2);
    list_.CheckInvariants();
    RC_ASSERT(list_.BytesUsed() == 0u);
  }

 private:
  struct Sub {
    std::string subject, queue;
    SubRef ref;
    SubHandle handle;
  };

  void Insert(const std::string& subject, const std::string& queue) {
    const SubRef ref = next_ref_++;
    const SubHandle handle = list_.Insert(subject, queue, ref);
    RC_ASSERT(handle != SubHandle::kNone);
    subs_.push_back({subject, queue, ref, handle});
    RC_ASSERT(list_.SubjectOf(handle) == subject);
    RC_ASSERT(list_.QueueOf(handle) == queue);
    RC_ASSERT(list_.RefOf(handle) == ref);
    RC_ASSERT(list_.PeerCount(handle) == Peers(subject, queue));
  }

  void Remove(size_t index) {
    const Sub gone = subs_[index];
    RC_ASSERT(list_.PeerCount(gone.handle) == Peers(gone.subject, gone.queue));
    list_.Remove(gone.handle);
    subs_.erase(subs_.begin() + static_cast<ptrdiff_t>(index));
    RC_ASSERT(list_.CountExact(gone.subject, gone.queue) == Peers(gone.subject, gone.queue));
  }

  void Match(const std::string& subject) {
    Refs plain;
    Groups groups;
    size_t members = 0;
    for (const Sub& sub : subs_) {
      if (!MatchesLiteral(subject, sub.subject)) continue;
      (sub.queue.empty() ? plain : groups[sub.queue]).push_back(sub.ref);
      members += !sub.queue.empty();
    }
    RC_ASSERT(list_.HasInterest(subject) == (plain.size() + members > 0));
    const MatchResult& result = list_.Match(subject);
    RC_ASSERT(Sorted(result.plain()) == plain);
    RC_ASSERT(GroupsIn(result) == groups);
    const InterestCount count = list_.NumInterest(subject);
    RC_ASSERT(count.plain == plain.size());
    RC_ASSERT(count.queue == members);
    // What an earlier look-up gave is as it was, as long as the list says so.
    if (earlier_ != nullptr && list_.result_epoch() == earlier_epoch_) {
      RC_ASSERT(Sorted(earlier_->plain()) == earlier_plain_);
    } else {
      earlier_ = &result;
      earlier_plain_ = plain;
      earlier_epoch_ = list_.result_epoch();
    }
  }

  size_t Peers(const std::string& subject, const std::string& queue) const {
    size_t count = 0;
    for (const Sub& sub : subs_) count += sub.subject == subject && sub.queue == queue;
    return count;
  }

  Sublist list_;
  std::vector<Sub> subs_;
  SubRef next_ref_ = 1;
  const MatchResult* earlier_ = nullptr;
  Refs earlier_plain_;
  uint64_t earlier_epoch_ = 0;
};

void RunTwin(Sublist::Options options, const std::vector<Op>& ops) {
  Twin twin(options);
  for (const Op& op : ops) twin.Do(op);
  twin.Finish();
}

RC_GTEST_PROP(SublistTwin, AgreesWithTheCache, (const std::vector<Op>& ops)) { RunTwin({}, ops); }

RC_GTEST_PROP(SublistTwin, AgreesWithoutTheCache, (const std::vector<Op>& ops)) {
  RunTwin({.cache = false}, ops);
}

RC_GTEST_PROP(SublistTwin, AgreesWithATinyCache, (const std::vector<Op>& ops)) {
  RunTwin({.cache_entries_max = 3, .cache_bytes_max = 600}, ops);
}

// Long runs of one kind of work: lists fill, empty and fill again, past the ring of changes.
TEST(SublistTwin, AgreesOverALongLife) {
  for (const bool cache : {true, false}) {
    Twin twin({.cache = cache, .cache_entries_max = 64});
    uint64_t state = 88172645463325252;
    for (int i = 0; i < 6000; ++i) {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;
      const bool filling = i / 500 % 2 == 0;
      const uint8_t kind = state % 4 == 0 ? 7
                           : filling      ? (state % 16 == 1 ? 4 : 0)
                                          : (state % 16 == 1 ? 0 : 4);
      twin.Do({kind, static_cast<uint16_t>(state >> 16), static_cast<uint16_t>(state >> 40)});
    }
    twin.Finish();
  }
}

}  // namespace
}  // namespace dunlin::subject
