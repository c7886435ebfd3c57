#include "engine/session/subscriptions.h"

#include <cstring>

#include "engine/base/check.h"
#include "engine/base/rng.h"

namespace dunlin::session {
namespace {

constexpr uint8_t kSidLong = 255;
constexpr uint32_t kNoFree = UINT32_MAX;

struct LongSid {
  uint32_t size;
  char text[1];
};

LongSid* LongSidOf(const Subscription& sub) {
  LongSid* sid;
  std::memcpy(&sid, sub.sid_text, sizeof sid);
  return sid;
}

uint32_t HashSid(std::string_view sid) { return static_cast<uint32_t>(StableHash(sid)); }

void SetSid(Subscription* sub, std::string_view sid) {
  if (sid.size() <= Subscription::kSidInline) {
    sub->sid_size = static_cast<uint8_t>(sid.size());
    std::memcpy(sub->sid_text, sid.data(), sid.size());
    return;
  }
  auto* const heap = reinterpret_cast<LongSid*>(new char[sizeof(LongSid) + sid.size()]);
  heap->size = static_cast<uint32_t>(sid.size());
  std::memcpy(heap->text, sid.data(), sid.size());
  sub->sid_size = kSidLong;
  std::memcpy(sub->sid_text, &heap, sizeof heap);
}

void FreeSid(Subscription* sub) {
  if (sub->sid_size == kSidLong) delete[] reinterpret_cast<char*>(LongSidOf(*sub));
  sub->sid_size = 0;
}

}  // namespace

std::string_view Subscription::sid() const {
  if (sid_size != kSidLong) return {sid_text, sid_size};
  const LongSid* const heap = LongSidOf(*this);
  return {heap->text, heap->size};
}

SubscriptionTable::~SubscriptionTable() {
  for (const auto& page : pages_) {
    if (page == nullptr) continue;
    for (uint32_t i = 0; i < page->fresh; ++i) {
      if (page->records[i].client != nullptr) FreeSid(&page->records[i]);
    }
  }
}

uint32_t SubscriptionTable::PageWithRoom() {
  while (!open_pages_.empty()) {
    const uint32_t index = open_pages_.back();
    Page* const page = pages_[index].get();
    if (page == nullptr) {
      pages_[index] = std::unique_ptr<Page>(new Page);
      pages_[index]->free_head = kNoFree;
      return index;
    }
    if (page->used < kPage) return index;
    open_pages_.pop_back();
  }
  pages_.push_back(std::unique_ptr<Page>(new Page));
  pages_.back()->free_head = kNoFree;
  open_pages_.push_back(static_cast<uint32_t>(pages_.size() - 1));
  return open_pages_.back();
}

subject::SubRef SubscriptionTable::Add(Client* client, RefTable* sids, std::string_view sid) {
  const uint32_t index = PageWithRoom();
  Page& page = *pages_[index];
  uint32_t at;
  if (page.free_head != kNoFree) {
    at = page.free_head;
    std::memcpy(&page.free_head, page.records[at].sid_text, sizeof page.free_head);
  } else {
    at = page.fresh++;
  }
  ++page.used;
  ++size_;
  Subscription& sub = page.records[at];
  sub.client = client;
  sub.delivered = sub.max = 0;
  SetSid(&sub, sid);
  const subject::SubRef ref = index * kPage + at;
  sids->Insert(HashSid(sid), ref);
  return ref;
}

void SubscriptionTable::Remove(RefTable* sids, subject::SubRef ref) {
  sids->Erase(HashSid((*this)[ref].sid()), ref);
  Drop(ref);
}

void SubscriptionTable::Drop(subject::SubRef ref) {
  Subscription& sub = (*this)[ref];
  CHECK(sub.client != nullptr);
  FreeSid(&sub);
  sub.client = nullptr;
  --size_;
  if (pins_ > 0) {
    removed_while_pinned_.push_back(ref);
  } else {
    Release(ref);
  }
}

void SubscriptionTable::Unpin() {
  CHECK(pins_ > 0);
  if (--pins_ > 0) return;
  for (const subject::SubRef ref : removed_while_pinned_) Release(ref);
  removed_while_pinned_ = {};
}

void SubscriptionTable::Release(subject::SubRef ref) {
  const uint32_t index = ref / kPage;
  Page& page = *pages_[index];
  std::memcpy(page.records[ref % kPage].sid_text, &page.free_head, sizeof page.free_head);
  page.free_head = ref % kPage;
  const bool was_full = page.used == kPage;
  if (--page.used == 0) pages_[index].reset();
  if (was_full) open_pages_.push_back(index);
}

subject::SubRef SubscriptionTable::Find(const RefTable& sids, std::string_view sid) const {
  return sids.Find(HashSid(sid), [&](uint32_t ref) { return (*this)[ref].sid() == sid; });
}

}  // namespace dunlin::session
