// The subscriptions of all connections: one slab of records, and per connection a table by sid.
//
// What a subscription is subscribed to is the index's affair (engine/subject); a record says whose
// it is, what the client calls it and how much it has received. 48 bytes each; a page of records
// whose last one goes gives its memory back.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/base/ref_table.h"
#include "engine/subject/sublist.h"

namespace dunlin::session {

struct Client;

struct Subscription {
  static constexpr size_t kSidInline = 15;

  Client* client = nullptr;
  int64_t delivered = 0;
  int64_t max = 0;              // Of UNSUB; 0: none.
  subject::SubHandle handle{};  // Of the entry in the account's index.
  uint8_t sid_size = 0;         // kSidLong: the text is on the heap.
  char sid_text[kSidInline];    // Or a pointer to a LongSid.

  std::string_view sid() const;
};

// Sids are small numbers in practice, and may be anything of a control line's length in theory.
class SubscriptionTable {
 public:
  SubscriptionTable() = default;
  ~SubscriptionTable();
  SubscriptionTable(const SubscriptionTable&) = delete;
  SubscriptionTable& operator=(const SubscriptionTable&) = delete;

  // A new record, in 'client's table under 'sid' too. REQUIRES: Find(*sids, sid) == kNone.
  subject::SubRef Add(Client* client, RefTable* sids, std::string_view sid);
  void Remove(RefTable* sids, subject::SubRef ref);
  // Remove(), but for the entry in the table by sid, which the caller clears.
  void Drop(subject::SubRef ref);

  static constexpr subject::SubRef kNone = RefTable::kNone;
  subject::SubRef Find(const RefTable& sids, std::string_view sid) const;

  Subscription& operator[](subject::SubRef ref) {
    return pages_[ref / kPage]->records[ref % kPage];
  }
  const Subscription& operator[](subject::SubRef ref) const {
    return pages_[ref / kPage]->records[ref % kPage];
  }

  // While pinned, a removed record is not used again: Live() tells whether a reference that was
  // kept over a change still names what it named.
  void Pin() { ++pins_; }
  void Unpin();
  // REQUIRES: pinned since 'ref' was live.
  bool Live(subject::SubRef ref) const { return (*this)[ref].client != nullptr; }

  size_t size() const { return size_; }

 private:
  static constexpr uint32_t kPage = 512;
  struct Page {
    Subscription records[kPage];
    uint32_t free_head = 0;  // Of the free records, linked through their sid_text.
    uint32_t used = 0;
    uint32_t fresh = 0;  // Records from here on were never used.
  };

  uint32_t PageWithRoom();
  void Release(subject::SubRef ref);

  std::vector<std::unique_ptr<Page>> pages_;
  std::vector<uint32_t> open_pages_;  // Pages that may have room, the last one first.
  std::vector<subject::SubRef> removed_while_pinned_;
  int pins_ = 0;
  size_t size_ = 0;
};

}  // namespace dunlin::session
