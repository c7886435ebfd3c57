#include "engine/subject/members.h"

#include "engine/base/check.h"

namespace dunlin::subject {

void Append(Slab& slab, MemberList* list, Member member) {
  if (list->count == 0) {
    *list = {1, member.sub, member.record};
    return;
  }
  if (list->count == 1) {
    const Member first = {list->first, list->capacity};
    list->capacity = 2;
    list->first = slab.Alloc(list->capacity * sizeof(Member));
    slab.At<Member>(list->first)[0] = first;
  } else if (list->count == list->capacity) {
    CHECK(list->capacity <= UINT32_MAX / 4 / sizeof(Member));
    list->capacity *= 2;
    list->first = slab.Resize(list->first, list->capacity * sizeof(Member));
  }
  slab.At<Member>(list->first)[list->count++] = member;
}

void RemoveAt(Slab& slab, MemberList* list, uint32_t at) {
  CHECK(at < list->count);
  if (list->count == 1) {
    *list = {0, 0, 0};
    return;
  }
  Member* members = slab.At<Member>(list->first);
  members[at] = members[--list->count];
  if (list->count == 1) {
    const Member left = members[0];
    slab.Free(list->first);
    *list = {1, left.sub, left.record};
  } else if (list->count < list->capacity / 4) {
    list->capacity /= 2;
    list->first = slab.Resize(list->first, list->capacity * sizeof(Member));
  }
}

SubRef* CopySubs(const Slab& slab, const MemberList& list, SubRef* out) {
  if (list.count == 0) return out;
  if (list.count == 1) {
    *out = list.first;
    return out + 1;
  }
  const Member* members = slab.At<Member>(list.first);
  for (uint32_t i = 0; i < list.count; ++i) *out++ = members[i].sub;
  return out;
}

}  // namespace dunlin::subject
