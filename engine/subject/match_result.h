// Who receives a message: what Sublist::Match() answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin::subject {

// What the caller calls a subscription. Means nothing here.
using SubRef = uint32_t;

// One queue group: of all members, from however many patterns, one is to receive the message.
struct QueueGroup {
  std::string_view name;
  std::span<const SubRef> members;  // Never empty.
};

class MatchResult {
 public:
  // Each of these receives the message.
  std::span<const SubRef> plain() const { return plain_; }

  size_t group_count() const { return groups_.size(); }
  // REQUIRES: index < group_count(). Views live as long as the result.
  QueueGroup group(size_t index) const { return {groups_[index].name, groups_[index].members}; }

  bool empty() const { return plain_.empty() && groups_.empty(); }

 private:
  friend class Sublist;
  struct Group {
    std::string name;
    std::vector<SubRef> members;
  };
  std::vector<SubRef> plain_;
  std::vector<Group> groups_;
  mutable uint32_t holds_ = 0;
};

}  // namespace dunlin::subject
