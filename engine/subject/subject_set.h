// A set of subjects, literals and patterns, each with a value: filters, permissions, interest.
//
// A Sublist without queues and cache, named by what is in it instead of by handles. The same value
// may stand under many subjects, and a subject may have many values; a pair is in the set once.
// Insert() and Remove() look at all values of their subject.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "engine/subject/subject.h"
#include "engine/subject/sublist.h"

namespace dunlin::subject {

// For sets that only ask whether a subject is covered.
enum class NoValue : uint32_t { kNone };

template <class Value = NoValue>
class SubjectSet {
  static_assert((std::is_integral_v<Value> || std::is_enum_v<Value>)&&sizeof(Value) <= 4,
                "keep larger values in a table, and their index here");

 public:
  enum class Status : uint8_t {
    kOk,
    kInvalidSubject,  // 'gsl: invalid subject'
    kNotFound,        // 'gsl: no matches found'
    kFull,
  };

  explicit SubjectSet(uint64_t hash_seed = 0) : list_({.cache = false, .hash_seed = hash_seed}) {}

  Status Insert(std::string_view subject, Value value = {}) {
    if (!IsValidPattern(subject)) return Status::kInvalidSubject;
    if (list_.FindExact(subject, {}, Ref(value)) != SubHandle::kNone) return Status::kOk;
    return list_.Insert(subject, {}, Ref(value)) == SubHandle::kNone ? Status::kFull : Status::kOk;
  }

  Status Remove(std::string_view subject, Value value = {}) {
    if (!IsValidPattern(subject)) return Status::kInvalidSubject;
    const SubHandle handle = list_.FindExact(subject, {}, Ref(value));
    if (handle == SubHandle::kNone) return Status::kNotFound;
    list_.Remove(handle);
    return Status::kOk;
  }

  // Calls use(value) for each pair whose subject matches. 'use' must not change the set.
  template <class Use>
  void Match(std::string_view subject, Use&& use) {
    for (const SubRef ref : list_.Match(subject).plain()) use(static_cast<Value>(ref));
  }

  bool HasInterest(std::string_view subject) { return list_.HasInterest(subject); }
  size_t NumInterest(std::string_view subject) { return list_.NumInterest(subject).plain; }

  // '>' is in the set.
  bool MatchesFullWildcard() const { return list_.CountExact(">", {}) > 0; }

  // The one subject that all pairs have; none if there are several, or no pairs. A view into the
  // set.
  std::optional<std::string_view> SingleFilter() const {
    const SubHandle first = list_.Next(SubHandle::kNone);
    if (first == SubHandle::kNone || list_.PeerCount(first) != list_.size()) return std::nullopt;
    return list_.SubjectOf(first);
  }

  // Whether a subject that starts with the tokens of 'prefix' could match; wildcards in 'prefix'
  // are plain tokens. Looks at every pair.
  bool HasInterestStartingIn(std::string_view prefix) const {
    for (SubHandle at = list_.Next(SubHandle::kNone); at != SubHandle::kNone; at = list_.Next(at)) {
      if (MayStartWith(list_.SubjectOf(at), prefix)) return true;
    }
    return false;
  }

  size_t size() const { return list_.size(); }
  size_t BytesUsed() const { return list_.BytesUsed(); }

 private:
  static SubRef Ref(Value value) { return static_cast<SubRef>(value); }

  static bool MayStartWith(std::string_view pattern, std::string_view prefix) {
    TokenWalk at(pattern);
    for (TokenWalk want(prefix); !want.done(); want.Next(), at.Next()) {
      if (at.done()) return false;
      if (IsRest(at.token())) return true;
      if (!IsStar(at.token()) && at.token() != want.token()) return false;
    }
    return true;
  }

  Sublist list_;
};

}  // namespace dunlin::subject
