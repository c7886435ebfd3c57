#include "engine/store/removal_requests.h"

#include "engine/base/check.h"

namespace dunlin {

RemovalRequests::Verdict RemovalRequests::Ask(uint64_t seq, std::string_view subject, uint64_t msgs,
                                              Instant now) {
  const auto open = by_subject_.find(subject);
  const uint64_t going = open == by_subject_.end() ? 0 : open->second;
  if (const auto request = requests_.find(seq); request != requests_.end()) {
    Request& found = request->second;
    if (now - found.asked < kAgain) return Verdict::kWait;
    // Other messages have come since: this is not the last one any more.
    if (msgs > going) found.last = false;
    found.asked = now;
    return found.last ? Verdict::kAskMarker : Verdict::kAskRemoval;
  }
  if (requests_.size() >= kOpenMax) return Verdict::kWait;
  const bool last = msgs == going + 1;
  requests_[seq] = {last, now};
  if (open == by_subject_.end()) {
    by_subject_.emplace(subject, 1);
  } else {
    ++open->second;
  }
  return last ? Verdict::kAskMarker : Verdict::kAskRemoval;
}

void RemovalRequests::OnRemoved(uint64_t seq, std::string_view subject) {
  if (requests_.erase(seq) == 0) return;
  const auto open = by_subject_.find(subject);
  CHECK(open != by_subject_.end());
  if (--open->second == 0) by_subject_.erase(open);
}

void RemovalRequests::Clear() {
  requests_.clear();
  by_subject_.clear();
}

}  // namespace dunlin
