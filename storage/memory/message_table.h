// The messages of a memory store by sequence.
//
// In groups of up to 512 sequences: a bit for each, and the addresses of those that are there, one
// after the other. So a hole costs a bit, a group without messages nothing, and a message 8 bytes
// and a bit beside itself. Finding one is a walk down a tree of groups and a count of bits.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/store/stream_store.h"

namespace dunlin::memory {

// One message: this, and its bytes behind it.
struct Message {
  Seq seq;
  WallTime time;
  Seq older, newer;  // On the same subject; 0: none.
  int64_t ttl;       // Seconds; 0 none, -1 never.
  uint32_t subject_bytes, header_bytes, payload_bytes;

  std::string_view subject() const { return {bytes(), subject_bytes}; }
  std::string_view header() const { return {bytes() + subject_bytes, header_bytes}; }
  std::string_view payload() const {
    return {bytes() + subject_bytes + header_bytes, payload_bytes};
  }
  uint64_t StoredBytes() const {
    return MemoryMsgBytes(subject_bytes, header_bytes, payload_bytes);
  }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  char* bytes() { return reinterpret_cast<char*>(this + 1); }

  struct Free {
    void operator()(Message* message) const { ::operator delete(message); }
  };
};
using MessagePtr = std::unique_ptr<Message, Message::Free>;

// REQUIRES: each size fits in 32 bits.
[[nodiscard]] MessagePtr MakeMessage(std::string_view subject, std::string_view header,
                                     std::string_view payload);

class MessageTable {
 public:
  // REQUIRES: higher than all there are.
  void Append(MessagePtr message);
  Message* Find(Seq seq) const;
  // REQUIRES: is there.
  MessagePtr Take(Seq seq);

  // The first message at or after 'seq', the last one at or before it; or null.
  Message* Next(Seq seq) const;
  Message* Prev(Seq seq) const;

  // Messages at or after 'seq'. In proportion to the groups on the shorter side of it.
  uint64_t CountFrom(Seq seq) const;

  uint64_t size() const { return size_; }
  // Of the table, not of the messages.
  size_t BytesUsed() const;

  // Frees up to 'count' messages, whichever. For what was purged.
  void FreeSome(int count);

  void CheckInvariants() const;

 private:
  static constexpr uint64_t kGroupSeqs = 512;

  struct Group {
    std::array<uint64_t, kGroupSeqs / 64> there{};
    std::vector<MessagePtr> messages;  // By sequence.

    bool Has(uint64_t at) const { return there[at / 64] >> (at % 64) & 1; }
    // Messages before 'at'.
    size_t Rank(uint64_t at) const;
  };
  using Groups = std::map<uint64_t, Group>;  // By sequence / kGroupSeqs.

  Groups groups_;
  uint64_t size_ = 0;
};

}  // namespace dunlin::memory
