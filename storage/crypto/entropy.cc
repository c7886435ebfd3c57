#include "storage/crypto/entropy.h"

namespace dunlin::crypto {

void SeededEntropy::Fill(uint8_t* out, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) out[i] = static_cast<uint8_t>(rng_.Next() >> 32);
}

}  // namespace dunlin::crypto
