// The subjects that are subscribed to, literal or pattern, and who subscribes to each.
//
// A topic is one subject; it exists while someone subscribes to it. Its plain subscribers are a
// list, and so are those of each queue group. A record is one subscription: it knows its place in
// its list, so that it can leave in constant time however long the list is, and its topic and
// group, so that no one else has to keep their names. Who finds a topic by its subject is not
// decided here.
//
// 12 bytes a record, 20 and the text a topic, 24 and the name a group.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/subject/hash_index.h"
#include "engine/subject/members.h"
#include "engine/subject/slab.h"

namespace dunlin::subject {

struct Topic {
  MemberList plain;
  uint32_t groups;  // A GroupList, or none.
  uint32_t
      size_and_kind;  // Length of the text that follows; the top bit says that it has a wildcard.
};

struct GroupList {  // References of the groups follow.
  uint32_t count;
  uint32_t capacity;
};

struct Group {  // The name follows.
  MemberList members;
  uint32_t topic;
  uint32_t at;  // Index in the topic's GroupList.
  uint32_t name_size;
};

class Topics {
 public:
  static constexpr size_t kTextMax = (1u << 31) - 1;

  explicit Topics(uint64_t seed) : seed_(seed) {}

  // Memory for topics and what belongs to them. Others of the same index put their blocks here too.
  Slab& slab() { return slab_; }
  const Slab& slab() const { return slab_; }

  // A topic without subscribers. REQUIRES: text.size() <= kTextMax.
  [[nodiscard]] uint32_t Create(std::string_view text, bool wildcard);
  // REQUIRES: IsUnused(topic).
  void Destroy(uint32_t topic) { slab_.Free(topic); }

  std::string_view Text(uint32_t topic) const {
    const Topic* at = slab_.At<Topic>(topic);
    return {reinterpret_cast<const char*>(at + 1), at->size_and_kind & ~kWildcardBit};
  }
  bool HasWildcard(uint32_t topic) const {
    return (slab_.At<Topic>(topic)->size_and_kind & kWildcardBit) != 0;
  }
  bool IsUnused(uint32_t topic) const {
    const Topic* at = slab_.At<Topic>(topic);
    return at->plain.count == 0 && at->groups == Slab::kNone;
  }

  // 'queue' empty: plain. Returns the record.
  [[nodiscard]] uint32_t Subscribe(uint32_t topic, std::string_view queue, SubRef sub);
  // Returns the record's topic, which may be unused now.
  uint32_t Unsubscribe(uint32_t record);

  // Who subscribes to 'topic' in this queue, or plainly if it is empty; null: no such queue.
  const MemberList* Subscribers(uint32_t topic, std::string_view queue) const;

  // REQUIRES for all that take one: 'record' is live.
  uint32_t TopicOf(uint32_t record) const { return Live(record)->topic; }
  // Empty: plain.
  std::string_view QueueOf(uint32_t record) const;
  SubRef SubOf(uint32_t record) const;
  // Subscribers in the record's list.
  uint32_t PeerCount(uint32_t record) const { return ListOf(*Live(record))->count; }

  // The live record after 'record', kNone: the first, or at the end.
  uint32_t NextRecord(uint32_t record) const;

  const MemberList& Plain(uint32_t topic) const { return slab_.At<Topic>(topic)->plain; }
  uint32_t GroupCount(uint32_t topic) const;
  // REQUIRES: index < GroupCount(topic).
  uint32_t GroupAt(uint32_t topic, uint32_t index) const;
  std::string_view GroupName(uint32_t group) const {
    const Group* at = slab_.At<Group>(group);
    return {reinterpret_cast<const char*>(at + 1), at->name_size};
  }
  const MemberList& GroupMembers(uint32_t group) const { return slab_.At<Group>(group)->members; }

  bool HasRoom() const { return slab_.HasRoom() && records_.HasRoom(); }
  size_t BytesUsed() const {
    return slab_.BytesUsed() + records_.BytesUsed() + groups_.BytesUsed();
  }
  uint64_t work_done() const { return groups_.work_done(); }
  void CheckInvariants() const;

 private:
  static constexpr uint32_t kWildcardBit = 1u << 31;

  struct Record {
    uint32_t group;  // kNone: plain. First, since the slab clobbers it when the record is gone.
    uint32_t topic;  // kNone: not live.
    uint32_t at;     // Index in its list.
  };

  const Record* Live(uint32_t record) const;
  MemberList* ListOf(const Record& record) const {
    return record.group == Slab::kNone ? &slab_.At<Topic>(record.topic)->plain
                                       : &slab_.At<Group>(record.group)->members;
  }
  uint32_t GroupHash(uint32_t topic, std::string_view name) const;
  uint32_t FindGroup(uint32_t topic, std::string_view name, uint32_t hash) const;
  uint32_t FindOrAddGroup(uint32_t topic, std::string_view name);
  void DropGroup(uint32_t group);

  const uint64_t seed_;
  Slab slab_;
  Slab records_;
  HashIndex groups_;  // By topic and name.
};

}  // namespace dunlin::subject
