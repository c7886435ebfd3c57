// The port through which the journal encrypts: one batch at a time, with a key for each segment.
//
// (store, segment, number, life) is never used for two different batches, so keys may be derived
// from some of them and the rest serve as the nonce: stores are drawn at random, segment ids and
// lives are never used again within one. storage/crypto/journal_cipher.h implements it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/store/incarnation.h"

namespace dunlin {

struct BatchNonce {
  Incarnation store;
  uint64_t segment = 0;
  uint64_t number = 0;
  uint64_t life = 0;  // A counter in the upper half, random in the lower one.
};

class SegmentCipher {
 public:
  static constexpr size_t kTagBytes = 16;

  virtual ~SegmentCipher() = default;

  // Encrypts 'plain' into 'sealed', which has room for plain.size() + kTagBytes and does not
  // overlap. 'open_data' is authenticated along with it.
  virtual void Seal(const BatchNonce& nonce, std::span<const uint8_t> open_data,
                    std::span<const uint8_t> plain, uint8_t* sealed) = 0;

  // The reverse; 'plain' has room for sealed.size() - kTagBytes. False if anything was changed, or
  // the key is another one; then what 'plain' holds means nothing.
  [[nodiscard]] virtual bool Open(const BatchNonce& nonce, std::span<const uint8_t> open_data,
                                  std::span<const uint8_t> sealed, uint8_t* plain) = 0;
};

}  // namespace dunlin
