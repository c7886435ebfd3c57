// Where seeds of keys and nonces come from: the one kind of randomness that an attacker must not
// guess, and so not an Rng's. The host's comes from the system, the simulator's from its seed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/rng.h"

namespace dunlin::crypto {

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void Fill(uint8_t* out, size_t bytes) = 0;
};

// For simulations and tests only.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(Rng rng) : rng_(rng) {}
  void Fill(uint8_t* out, size_t bytes) override;

 private:
  Rng rng_;
};

}  // namespace dunlin::crypto
