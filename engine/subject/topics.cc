#include "engine/subject/topics.h"

#include <cstring>

#include "engine/base/check.h"
#include "engine/subject/hash.h"

namespace dunlin::subject {
namespace {

constexpr uint32_t kNone = Slab::kNone;

uint32_t* Refs(GroupList* list) { return reinterpret_cast<uint32_t*>(list + 1); }
size_t GroupListBytes(uint32_t capacity) { return sizeof(GroupList) + capacity * sizeof(uint32_t); }

}  // namespace

uint32_t Topics::Create(std::string_view text, bool wildcard) {
  CHECK(text.size() <= kTextMax);
  const uint32_t ref = slab_.Alloc(sizeof(Topic) + text.size());
  Topic* topic = slab_.At<Topic>(ref);
  topic->plain = {0, 0, 0};
  topic->groups = kNone;
  topic->size_and_kind = static_cast<uint32_t>(text.size()) | (wildcard ? kWildcardBit : 0);
  std::memcpy(topic + 1, text.data(), text.size());
  return ref;
}

uint32_t Topics::Subscribe(uint32_t topic, std::string_view queue, SubRef sub) {
  const uint32_t ref = records_.Alloc(sizeof(Record));
  Record* record = records_.At<Record>(ref);
  record->group = queue.empty() ? kNone : FindOrAddGroup(topic, queue);
  record->topic = topic;
  MemberList* list = ListOf(*record);
  record->at = list->count;
  Append(slab_, list, {sub, ref});
  return ref;
}

uint32_t Topics::Unsubscribe(uint32_t ref) {
  const Record gone = *Live(ref);
  MemberList* list = ListOf(gone);
  RemoveAt(slab_, list, gone.at);
  if (gone.at < list->count) {
    records_.At<Record>(MemberAt(slab_, *list, gone.at).record)->at = gone.at;
  }
  if (gone.group != kNone && list->count == 0) DropGroup(gone.group);
  records_.At<Record>(ref)->topic = kNone;
  records_.Free(ref);
  return gone.topic;
}

const Topics::Record* Topics::Live(uint32_t ref) const {
  const Record* record = records_.At<Record>(ref);
  CHECK(record->topic != kNone);
  return record;
}

std::string_view Topics::QueueOf(uint32_t ref) const {
  const uint32_t group = Live(ref)->group;
  return group == kNone ? std::string_view() : GroupName(group);
}

SubRef Topics::SubOf(uint32_t ref) const {
  const Record& record = *Live(ref);
  return MemberAt(slab_, *ListOf(record), record.at).sub;
}

uint32_t Topics::NextRecord(uint32_t ref) const {
  do {
    ref = records_.NextPlace(ref);
  } while (ref != kNone && records_.At<Record>(ref)->topic == kNone);
  return ref;
}

uint32_t Topics::GroupCount(uint32_t topic) const {
  const uint32_t groups = slab_.At<Topic>(topic)->groups;
  return groups == kNone ? 0 : slab_.At<GroupList>(groups)->count;
}

uint32_t Topics::GroupAt(uint32_t topic, uint32_t index) const {
  return Refs(slab_.At<GroupList>(slab_.At<Topic>(topic)->groups))[index];
}

uint32_t Topics::GroupHash(uint32_t topic, std::string_view name) const {
  return static_cast<uint32_t>(HashText(name, seed_ ^ topic * 0x9e3779b97f4a7c15) >> 32);
}

uint32_t Topics::FindGroup(uint32_t topic, std::string_view name, uint32_t hash) const {
  return groups_.Find(hash, [&](uint32_t ref) {
    return slab_.At<Group>(ref)->topic == topic && SameText(GroupName(ref), name);
  });
}

const MemberList* Topics::Subscribers(uint32_t topic, std::string_view queue) const {
  if (queue.empty()) return &slab_.At<Topic>(topic)->plain;
  const uint32_t group = FindGroup(topic, queue, GroupHash(topic, queue));
  return group == kNone ? nullptr : &slab_.At<Group>(group)->members;
}

uint32_t Topics::FindOrAddGroup(uint32_t topic_ref, std::string_view name) {
  const uint32_t hash = GroupHash(topic_ref, name);
  const uint32_t found = FindGroup(topic_ref, name, hash);
  if (found != kNone) return found;

  Topic* topic = slab_.At<Topic>(topic_ref);
  if (topic->groups == kNone) {
    topic->groups = slab_.Alloc(GroupListBytes(1));
    *slab_.At<GroupList>(topic->groups) = {0, 1};
  }
  GroupList* list = slab_.At<GroupList>(topic->groups);
  if (list->count == list->capacity) {
    const uint32_t capacity = list->capacity * 2;
    topic->groups = slab_.Resize(topic->groups, GroupListBytes(capacity));
    list = slab_.At<GroupList>(topic->groups);
    list->capacity = capacity;
  }
  const uint32_t ref = slab_.Alloc(sizeof(Group) + name.size());
  Group* group = slab_.At<Group>(ref);
  group->members = {0, 0, 0};
  group->topic = topic_ref;
  group->at = list->count;
  group->name_size = static_cast<uint32_t>(name.size());
  std::memcpy(group + 1, name.data(), name.size());
  Refs(list)[list->count++] = ref;
  groups_.Insert(hash, ref);
  return ref;
}

void Topics::DropGroup(uint32_t ref) {
  const Group gone = *slab_.At<Group>(ref);
  groups_.Erase(GroupHash(gone.topic, GroupName(ref)), ref);
  Topic* topic = slab_.At<Topic>(gone.topic);
  GroupList* list = slab_.At<GroupList>(topic->groups);
  const uint32_t moved = Refs(list)[--list->count];
  Refs(list)[gone.at] = moved;
  slab_.At<Group>(moved)->at = gone.at;
  slab_.Free(ref);
  if (list->count == 0) {
    slab_.Free(topic->groups);
    topic->groups = kNone;
  } else if (list->count < list->capacity / 4) {
    list->capacity /= 2;
    topic->groups = slab_.Resize(topic->groups, GroupListBytes(list->capacity));
  }
}

void Topics::CheckInvariants() const {
  size_t records = 0, groups = 0;
  for (uint32_t ref = NextRecord(kNone); ref != kNone; ref = NextRecord(ref)) {
    const Record& record = *Live(ref);
    const MemberList& list = *ListOf(record);
    CHECK(record.at < list.count && MemberAt(slab_, list, record.at).record == ref);
    CHECK(list.count == 1 || list.count <= list.capacity);
    ++records;
    if (record.group == kNone) continue;
    const Group& group = *slab_.At<Group>(record.group);
    CHECK(group.topic == record.topic && group.at < GroupCount(record.topic));
    CHECK(GroupAt(record.topic, group.at) == record.group);
    groups += record.at == 0;
  }
  CHECK(records == records_.live() && groups == groups_.size());
  groups_.CheckInvariants();
}

}  // namespace dunlin::subject
