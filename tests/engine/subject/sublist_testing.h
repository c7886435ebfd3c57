// What several tests of the index look at: results as sets, and lists with and without a cache.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/subject/sublist.h"

namespace dunlin::subject {

using Refs = std::vector<SubRef>;
using Groups = std::map<std::string, Refs>;

inline Refs Sorted(std::span<const SubRef> refs) {
  Refs sorted(refs.begin(), refs.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

inline Groups GroupsIn(const MatchResult& result) {
  Groups groups;
  for (size_t i = 0; i < result.group_count(); ++i) {
    const QueueGroup group = result.group(i);
    const bool fresh = groups.emplace(group.name, Sorted(group.members)).second;
    EXPECT_TRUE(fresh) << "the group " << group.name << " comes twice";
  }
  return groups;
}

inline Refs Plain(Sublist& list, std::string_view subject) {
  return Sorted(list.Match(subject).plain());
}
inline Groups Grouped(Sublist& list, std::string_view subject) {
  return GroupsIn(list.Match(subject));
}

// A subscription that must work.
inline SubHandle Add(Sublist& list, std::string_view subject, SubRef sub,
                     std::string_view queue = {}) {
  const SubHandle handle = list.Insert(subject, queue, sub);
  EXPECT_NE(handle, SubHandle::kNone) << subject;
  return handle;
}

// Runs 'story' on a fresh list with the cache, and on one without.
template <class Story>
void WithAndWithoutCache(Story&& story) {
  for (const bool cache : {true, false}) {
    SCOPED_TRACE(cache ? "with a cache" : "without a cache");
    Sublist list({.cache = cache});
    story(list);
    list.CheckInvariants();
  }
}

}  // namespace dunlin::subject
