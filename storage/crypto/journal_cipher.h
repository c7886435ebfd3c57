// Encryption of the journal, with a key made from the operator's ('jetstream { key: ... }'):
// XChaCha20-Poly1305, a batch at a time. The reference has no journal: this is our own format.
#pragma once

#include <memory>
#include <string_view>

#include "storage/crypto/store_cipher.h"
#include "storage/journal/segment_cipher.h"

namespace dunlin::crypto {

class JournalCipher final : public SegmentCipher {
 public:
  // Seals with 'operator_key'; opens what was sealed with that or, if it is not empty, with
  // 'previous_key'. REQUIRES: 'operator_key' is not empty.
  explicit JournalCipher(std::string_view operator_key, std::string_view previous_key = {});
  ~JournalCipher() override;

  void Seal(const BatchNonce& nonce, std::span<const uint8_t> open_data,
            std::span<const uint8_t> plain, uint8_t* sealed) override;
  bool Open(const BatchNonce& nonce, std::span<const uint8_t> open_data,
            std::span<const uint8_t> sealed, uint8_t* plain) override;

 private:
  struct State;
  std::unique_ptr<State> state_, previous_;
};

}  // namespace dunlin::crypto
