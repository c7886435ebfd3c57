// The subscribers of one subject, or of one queue group of it: appended at the end, removed by
// index.
//
// One subscriber needs no memory of its own; more have an array that doubles and halves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/subject/match_result.h"
#include "engine/subject/slab.h"

namespace dunlin::subject {

struct Member {
  SubRef sub;
  uint32_t record;  // Where the subscription itself is kept.
};

struct MemberList {
  uint32_t count;
  uint32_t first;     // count == 1: the member's 'sub'. More: the array. 0: nothing.
  uint32_t capacity;  // count == 1: the member's 'record'. More: of the array.
};

void Append(Slab& slab, MemberList* list, Member member);

// The last member takes the place 'at'. REQUIRES: at < list->count.
void RemoveAt(Slab& slab, MemberList* list, uint32_t at);

[[nodiscard]] inline Member MemberAt(const Slab& slab, const MemberList& list, uint32_t at) {
  if (list.count == 1) return {list.first, list.capacity};
  return slab.At<Member>(list.first)[at];
}

// Writes all members' 'sub' to 'out', in order; returns the end.
SubRef* CopySubs(const Slab& slab, const MemberList& list, SubRef* out);

}  // namespace dunlin::subject
