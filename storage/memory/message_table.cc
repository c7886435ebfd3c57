#include "storage/memory/message_table.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <new>
#include <utility>

#include "engine/base/check.h"

namespace dunlin::memory {

MessagePtr MakeMessage(std::string_view subject, std::string_view header,
                       std::string_view payload) {
  void* memory = ::operator new(sizeof(Message) + subject.size() + header.size() + payload.size());
  MessagePtr message(new (memory) Message{});
  message->subject_bytes = static_cast<uint32_t>(subject.size());
  message->header_bytes = static_cast<uint32_t>(header.size());
  message->payload_bytes = static_cast<uint32_t>(payload.size());
  char* at = std::copy(subject.begin(), subject.end(), message->bytes());
  at = std::copy(header.begin(), header.end(), at);
  std::copy(payload.begin(), payload.end(), at);
  return message;
}

size_t MessageTable::Group::Rank(uint64_t at) const {
  size_t before = 0;
  for (uint64_t word = 0; word < at / 64; ++word) {
    before += static_cast<size_t>(std::popcount(there[word]));
  }
  const uint64_t below = (uint64_t{1} << (at % 64)) - 1;
  return before + static_cast<size_t>(std::popcount(there[at / 64] & below));
}

void MessageTable::Append(MessagePtr message) {
  const Seq seq = message->seq;
  CHECK(groups_.empty() || groups_.rbegin()->second.messages.back()->seq < seq);
  // The end is where it nearly always goes.
  Group& group = groups_.try_emplace(groups_.end(), seq / kGroupSeqs)->second;
  const uint64_t at = seq % kGroupSeqs;
  group.there[at / 64] |= uint64_t{1} << (at % 64);
  group.messages.push_back(std::move(message));
  ++size_;
}

Message* MessageTable::Find(Seq seq) const {
  const auto group = groups_.find(seq / kGroupSeqs);
  if (group == groups_.end() || !group->second.Has(seq % kGroupSeqs)) return nullptr;
  return group->second.messages[group->second.Rank(seq % kGroupSeqs)].get();
}

MessagePtr MessageTable::Take(Seq seq) {
  const auto found = groups_.find(seq / kGroupSeqs);
  CHECK(found != groups_.end());
  Group& group = found->second;
  const uint64_t at = seq % kGroupSeqs;
  CHECK(group.Has(at));
  const auto place = group.messages.begin() + static_cast<ptrdiff_t>(group.Rank(at));
  MessagePtr message = std::move(*place);
  group.messages.erase(place);
  group.there[at / 64] &= ~(uint64_t{1} << (at % 64));
  if (group.messages.empty()) groups_.erase(found);
  --size_;
  return message;
}

Message* MessageTable::Next(Seq seq) const {
  auto group = groups_.lower_bound(seq / kGroupSeqs);
  if (group == groups_.end()) return nullptr;
  if (group->first > seq / kGroupSeqs) return group->second.messages.front().get();
  const size_t rank = group->second.Rank(seq % kGroupSeqs);
  if (rank < group->second.messages.size()) return group->second.messages[rank].get();
  ++group;
  return group == groups_.end() ? nullptr : group->second.messages.front().get();
}

Message* MessageTable::Prev(Seq seq) const {
  auto group = groups_.upper_bound(seq / kGroupSeqs);
  if (group == groups_.begin()) return nullptr;
  --group;
  if (group->first < seq / kGroupSeqs) return group->second.messages.back().get();
  const uint64_t at = seq % kGroupSeqs;
  const size_t rank = group->second.Rank(at) + (group->second.Has(at) ? 1 : 0);
  if (rank > 0) return group->second.messages[rank - 1].get();
  if (group == groups_.begin()) return nullptr;
  return std::prev(group)->second.messages.back().get();
}

uint64_t MessageTable::CountFrom(Seq seq) const {
  if (groups_.empty()) return 0;
  const uint64_t number = seq / kGroupSeqs;
  const auto here = groups_.lower_bound(number);
  uint64_t before = 0;  // In the group that 'seq' is in.
  if (here != groups_.end() && here->first == number) before = here->second.Rank(seq % kGroupSeqs);
  uint64_t count = 0;
  const uint64_t first = groups_.begin()->first, last = groups_.rbegin()->first;
  if (number > first && number - first < last - std::min(number, last)) {
    for (auto at = groups_.begin(); at != here; ++at) count += at->second.messages.size();
    return size_ - count - before;
  }
  for (auto at = here; at != groups_.end(); ++at) count += at->second.messages.size();
  return count - before;
}

size_t MessageTable::BytesUsed() const {
  size_t bytes = 0;
  for (const auto& [number, group] : groups_) {
    bytes += sizeof(Groups::value_type) + 40 + group.messages.capacity() * sizeof(MessagePtr);
  }
  return bytes;
}

void MessageTable::FreeSome(int count) {
  while (count > 0 && !groups_.empty()) {
    count -= static_cast<int>(groups_.begin()->second.messages.size()) + 1;
    size_ -= groups_.begin()->second.messages.size();
    groups_.erase(groups_.begin());
  }
}

void MessageTable::CheckInvariants() const {
  uint64_t size = 0;
  for (const auto& [number, group] : groups_) {
    CHECK(!group.messages.empty());
    uint64_t bits = 0;
    for (const uint64_t word : group.there) bits += static_cast<uint64_t>(std::popcount(word));
    CHECK(bits == group.messages.size());
    for (const MessagePtr& message : group.messages) {
      CHECK(message->seq / kGroupSeqs == number && group.Has(message->seq % kGroupSeqs));
      CHECK(group.messages[group.Rank(message->seq % kGroupSeqs)] == message);
    }
    size += group.messages.size();
  }
  CHECK(size == size_);
}

}  // namespace dunlin::memory
