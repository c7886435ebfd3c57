// Durability as a type.
//
// A change to a store is decided at once and durable later. It names the point in the node's
// journal behind which it is safe; once the journal's sync has passed that point, the journal hands
// out a Durable. Whatever promises something to somebody (a PubAck, a vote, an append reply) is
// made from a Durable, so that answering too early does not compile.
#pragma once

#include <compare>
#include <cstdint>

namespace dunlin {

// A place in what a node has written, in the order of writing. {0}: nothing to wait for (a store
// in memory, or a change that changed nothing).
struct WritePoint {
  uint64_t batch = 0;
  constexpr auto operator<=>(const WritePoint&) const = default;
};

// Proof that everything up to 'through' is durable, as far as the configured sync policy goes: with
// a sync_interval other than 'always', what a process's death cannot take, and a power loss can.
class Durable {
 public:
  WritePoint through() const { return through_; }
  bool Covers(WritePoint point) const { return point <= through_; }

 private:
  friend class Journal;  // storage/journal/journal.h; nobody else can make one.
  constexpr explicit Durable(WritePoint through) : through_(through) {}
  WritePoint through_;
};

// Proof that everything up to 'through' survives a power loss, whatever the sync policy is. What
// cannot be taken back (removing a file, giving one new contents) waits for this one.
class Synced {
 public:
  WritePoint through() const { return through_; }
  bool Covers(WritePoint point) const { return point <= through_; }

 private:
  friend class Journal;
  constexpr explicit Synced(WritePoint through) : through_(through) {}
  WritePoint through_;
};

}  // namespace dunlin
