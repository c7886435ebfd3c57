// Random numbers from a seed: xoshiro256++, seeded through SplitMix64. The engine draws from one
// that is handed in at boot; the simulator gives every purpose and node a stream of its own. Not
// for secrets. https://prng.di.unimi.it/
#pragma once

#include <cstdint>
#include <string_view>

namespace dunlin {

class Rng {
 public:
  explicit Rng(uint64_t seed);

  // A stream of its own, decided by this seed and the name alone, whatever was drawn before.
  [[nodiscard]] Rng Fork(std::string_view name, uint64_t index = 0) const;

  uint64_t Next();
  // Uniform in [0, bound). REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound);
  // Uniform in [low, high], both ends included. REQUIRES: low <= high.
  int64_t Between(int64_t low, int64_t high);
  // True 'numerator' times in 'denominator'.
  bool Chance(uint64_t numerator, uint64_t denominator);

 private:
  uint64_t seed_;
  uint64_t state_[4];
};

// A 64-bit hash for traces, forked streams and tables; the same on every machine and build.
[[nodiscard]] uint64_t StableHash(std::string_view bytes, uint64_t seed = 0);

}  // namespace dunlin
