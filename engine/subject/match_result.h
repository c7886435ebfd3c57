// Who receives a message: what Sublist::Match() answers.
//
// One block of memory, written once and then only read: this header, the subject it was made for,
// plain subscribers, groups, their members, their names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/subject/hash.h"

namespace dunlin::subject {

// What the owner of the index calls a subscription. Means nothing here.
using SubRef = uint32_t;

// One queue group: of all members, from however many patterns, one is to receive the message.
struct QueueGroup {
  std::string_view name;
  std::span<const SubRef> members;  // Never empty.
};

class MatchResult {
 public:
  MatchResult(const MatchResult&) = delete;
  MatchResult& operator=(const MatchResult&) = delete;

  // Each of these receives the message.
  std::span<const SubRef> plain() const { return {At<SubRef>(plain_at_), plain_count_}; }

  size_t group_count() const { return group_count_; }
  // REQUIRES: index < group_count(). Views live as long as the result.
  QueueGroup group(size_t index) const {
    const GroupPart& part = At<GroupPart>(groups_at_)[index];
    return {{At<char>(part.name_at), part.name_size},
            {At<SubRef>(part.members_at), part.member_count}};
  }

  bool empty() const { return plain_count_ == 0 && group_count_ == 0; }

 private:
  friend class ResultBuilder;
  friend class ResultCache;
  friend class ResultHold;
  friend class Sublist;

  struct GroupPart {
    uint32_t name_at, name_size;
    uint32_t members_at, member_count;
  };

  // For subjects that nothing can match.
  constexpr MatchResult() : bytes_(sizeof(MatchResult)) {}

  bool IsFor(std::string_view subject) const {
    return subject_size_ == subject.size() &&
           SameBytes(At<char>(sizeof(MatchResult)), subject.data(), subject_size_);
  }
  std::string_view subject() const { return {At<char>(sizeof(MatchResult)), subject_size_}; }
  uint32_t fanout() const { return plain_count_ + group_count_; }

  template <class T>
  const T* At(size_t offset) const {
    return reinterpret_cast<const T*>(reinterpret_cast<const char*>(this) + offset);
  }

  uint32_t bytes_;           // Of the whole block.
  uint32_t hash_ = 0;        // Of the subject, as the cache has it.
  uint32_t checked_at_ = 0;  // The cache's: up to which change of patterns this is right.
  uint32_t subject_size_ = 0;
  uint32_t plain_at_ = 0;  // Offsets from 'this', in bytes.
  uint32_t plain_count_ = 0;
  uint32_t groups_at_ = 0;
  uint32_t group_count_ = 0;
};

}  // namespace dunlin::subject
