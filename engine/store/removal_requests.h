// What a store with subject delete markers has asked its owner for: it may not remove by age or TTL
// itself, since the owner may have to get a replicated stream to agree, or to put a marker there.
// Each is asked for again every two seconds until the message is gone. reference: SDMMeta.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace dunlin {

class RemovalRequests {
 public:
  static constexpr Duration kAgain = Seconds(2);
  // At this many, others wait until some of them are gone.
  static constexpr size_t kOpenMax = 16 * 1024;

  enum class Verdict : uint8_t {
    kWait,  // It was asked for lately, or too many are open.
    kAskRemoval,
    kAskMarker,  // All that its subject has goes with it, and this is the last: ask for a marker,
                 // unless it is one (IsDeleteMarker).
  };
  // 'seq' of 'subject', which has 'msgs' messages, is due.
  [[nodiscard]] Verdict Ask(uint64_t seq, std::string_view subject, uint64_t msgs, Instant now);
  // The message is gone, whoever removed it.
  void OnRemoved(uint64_t seq, std::string_view subject);
  void Clear();

  size_t open() const { return requests_.size(); }

 private:
  struct Request {
    bool last = false;
    Instant asked;
  };
  std::map<uint64_t, Request> requests_;                     // By sequence.
  std::map<std::string, uint64_t, std::less<>> by_subject_;  // How many of each.
};

}  // namespace dunlin
