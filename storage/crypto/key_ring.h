// The keys of one account's assets: makes key files, and opens those that there are, whichever of
// the operator's keys and ciphers they were made with.
//
// 'jetstream { key, prev_encryption_key, cipher }' may change between two starts. What is found is
// opened with what it was made with, and is current() only if it would be made so today: whoever
// finds something that is not writes it anew, when convenient (reference: the same, at start).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/crypto/entropy.h"
#include "storage/crypto/store_cipher.h"

namespace dunlin::crypto {

// What the operator says.
struct EncryptionOptions {
  std::string key;           // Empty: nothing is encrypted.
  std::string previous_key;  // Opens what an earlier start left; empty: there is none.
  CipherKind cipher = CipherKind::kChaCha;
  Entropy* entropy = nullptr;  // Outlives all that is made with these options. Null only without a
                               // key.
  bool on() const { return !key.empty(); }
};

// No key of the ring opens it. reference: errKeyInvalid.
inline constexpr std::string_view kKeyInvalid = "unable to recover keys";
// A key file that is cut short. reference: errBadKeySize.
inline constexpr std::string_view kBadKeySize = "encryption bad key size";
// There is a key file, and the operator gave no key. reference: errNoMainKey.
inline constexpr std::string_view kNoMainKey = "encrypted store encountered with no main key";

struct FoundKey {
  DataKey key;
  bool current = false;
  bool by_previous = false;  // Only the previous key opens its file.
};

class KeyRing {
 public:
  // REQUIRES: options.on(), and an entropy.
  KeyRing(const EncryptionOptions& options, std::string_view account);

  CipherKind cipher() const { return cipher_; }
  Entropy* entropy() const { return entropy_; }

  [[nodiscard]] NewKey NewForStream(std::string_view stream) const;
  [[nodiscard]] NewKey NewForBlock(std::string_view stream, uint32_t block) const;
  [[nodiscard]] NewKey NewForConsumer(std::string_view stream, std::string_view consumer) const;

  // Tried in this order: the key with the cipher, with the other one; the previous key likewise.
  // nullopt: none of them; WhyClosed() says it in the reference's words.
  [[nodiscard]] std::optional<FoundKey> OpenStream(std::string_view stream,
                                                   std::string_view file) const;
  [[nodiscard]] std::optional<FoundKey> OpenBlock(std::string_view stream, uint32_t block,
                                                  std::string_view file) const;
  // The key file of the same key, sealed with the present one.
  [[nodiscard]] std::string ResealBlock(std::string_view stream, uint32_t block,
                                        const DataKey& key) const;
  [[nodiscard]] std::optional<FoundKey> OpenConsumer(std::string_view stream,
                                                     std::string_view consumer,
                                                     std::string_view file) const;
  [[nodiscard]] static std::string_view WhyClosed(std::string_view file);

 private:
  template <class Derive>
  std::optional<FoundKey> Try(std::string_view file, Derive derive) const;

  const MasterKey key_;
  const std::optional<MasterKey> previous_;
  const CipherKind cipher_;
  Entropy* const entropy_;
};

}  // namespace dunlin::crypto
