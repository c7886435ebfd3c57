// What an owner counts who goes by what a store tells it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/stream_store.h"

namespace dunlin::sim {

// It asks a store for its state once, and from then on goes by what it stores and what it is told
// (StoreChange), as accounts and consumers do. The sums must be the store's.
class StoryTally {
 public:
  // The next state is the one to begin with: a new life, or another stream.
  void Forget() { counted_.reset(); }
  void Stored(uint64_t bytes);
  // 'changes' are all up to 'is'; 'at_rest': the store owes none. Empty: the sums agree, so far.
  [[nodiscard]] std::string Told(const std::vector<StoreChange>& changes, const StreamState& is,
                                 bool at_rest);

 private:
  struct Sum {
    uint64_t msgs = 0;
    uint64_t bytes = 0;
  };
  std::optional<Sum> counted_;
};

}  // namespace dunlin::sim
