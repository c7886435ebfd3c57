#include "engine/store/consumer_store.h"

namespace dunlin {

std::string Describe(const ConsumerResult& result) {
  switch (result.error) {
    case ConsumerError::kNone: return "";
    case ConsumerError::kNoAckPolicy: return "ack policy is none";
    case ConsumerError::kNotPending: return "no message found";
    case ConsumerError::kOldUpdate: return "old update ignored";
    case ConsumerError::kBadConsumerFloor: return "bad ack floor for consumer";
    case ConsumerError::kBadStreamFloor: return "bad ack floor for stream";
    case ConsumerError::kBadPending:
      return "bad pending entry, sequence [" + std::to_string(result.seq) + "] out of range";
    case ConsumerError::kClosed: return "store is closed";
    case ConsumerError::kFailed: return "storage failure";
  }
  return "";
}

}  // namespace dunlin
