#include "sim/store/story_tally.h"

namespace dunlin::sim {

void StoryTally::Stored(uint64_t bytes) {
  if (!counted_) return;
  ++counted_->msgs;
  counted_->bytes += bytes;
}

std::string StoryTally::Told(const std::vector<StoreChange>& changes, const StreamState& is,
                             bool at_rest) {
  if (!counted_) {
    counted_ = {is.msgs, is.bytes};
    return "";
  }
  for (const StoreChange& change : changes) {
    if (change.kind != StoreChange::Kind::kRemoved && change.kind != StoreChange::Kind::kMany)
      continue;
    counted_->msgs -= change.msgs;
    counted_->bytes -= change.bytes;
  }
  if (!at_rest || (counted_->msgs == is.msgs && counted_->bytes == is.bytes)) return "";
  return "by what it told there are " + std::to_string(static_cast<int64_t>(counted_->msgs)) +
         " messages of " + std::to_string(static_cast<int64_t>(counted_->bytes)) +
         " bytes, and there are " + std::to_string(is.msgs) + " of " + std::to_string(is.bytes);
}

}  // namespace dunlin::sim
