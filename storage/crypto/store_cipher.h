// Encryption at rest, as the reference does it.
//
// The operator's key ('jetstream { key: ... }') never touches data. From it, the account's name and
// a context, HMAC-SHA256 makes a KEY ENCRYPTION KEY, one per stream ("S"), block ("S:7") and
// consumer
// ("S.C"). That seals a KEY FILE: a nonce, and a random SEED of 32 bytes in it. The seed is what
// encrypts:
//   - metadata and index files, with an AEAD and a fresh nonce each time: nonce, ciphertext, tag;
//   - blocks, with a bare stream cipher, the seed as key and the key file's nonce as nonce. The
//   byte
//     at offset n of the file is encrypted by byte n of the key stream, whenever it is written: so
//     blocks can be appended to and read from any offset, and are as long as what is in them.
//
// A block that is written anew (compressed, compacted, erased in) with the same key file uses the
// same key stream for other bytes: who has copies of both can tell their difference (reference: the
// same). What is in a block is only authenticated by the records' checksums, whose keys are public.
// Whoever rewrites a block may as well make a new key file, if it can replace both at once.
//
// Two ciphers:          key files, metadata, index            blocks
//   kChaCha             XChaCha20-Poly1305, nonce 24          XChaCha20
//   kAes                AES-256-GCM, nonce 16                 AES-256-CTR, nonce 16
//
// Pure: seeds and nonces come from an Entropy. Keys are wiped when they go.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/crypto/entropy.h"

namespace dunlin::crypto {

enum class CipherKind : uint8_t { kChaCha, kAes };
// "ChaCha20-Poly1305", "AES-GCM".
[[nodiscard]] const char* Describe(CipherKind kind);

inline constexpr size_t kKeyBytes = 32;
inline constexpr size_t kTagBytes = 16;
[[nodiscard]] constexpr size_t NonceBytes(CipherKind kind) {
  return kind == CipherKind::kChaCha ? 24 : 16;
}
// A key file's length. Shorter than the smaller one is damage (reference: "bad key size").
[[nodiscard]] constexpr size_t KeyFileBytes(CipherKind kind) {
  return NonceBytes(kind) + kKeyBytes + kTagBytes;
}
// What sealing adds.
[[nodiscard]] constexpr size_t SealBytes(CipherKind kind) { return NonceBytes(kind) + kTagBytes; }

// 32 secret bytes, wiped at the end.
class SecretKey {
 public:
  SecretKey() = default;
  explicit SecretKey(const std::array<uint8_t, kKeyBytes>& bytes) : bytes_(bytes) {}
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();

  const uint8_t* data() const { return bytes_.data(); }
  uint8_t* data() { return bytes_.data(); }

 private:
  std::array<uint8_t, kKeyBytes> bytes_{};
};

// The operator's key, for one account.
class MasterKey {
 public:
  // REQUIRES: 'key' is not empty.
  MasterKey(std::string_view key, std::string_view account);
  ~MasterKey();
  MasterKey(const MasterKey&) = default;
  MasterKey& operator=(const MasterKey&) = default;

  // Key encryption keys.
  SecretKey ForStream(std::string_view stream) const;
  SecretKey ForBlock(std::string_view stream, uint32_t block) const;
  SecretKey ForConsumer(std::string_view stream, std::string_view consumer) const;

 private:
  SecretKey Derive(std::string_view context) const;

  std::string key_, account_;
};

// nonce, ciphertext, tag.
[[nodiscard]] std::string Seal(CipherKind kind, const SecretKey& key, std::string_view plain,
                               Entropy* entropy);
// nullopt: sealed with another key or cipher, or damaged.
[[nodiscard]] std::optional<std::string> Open(CipherKind kind, const SecretKey& key,
                                              std::string_view sealed);

// What a key file says.
struct DataKey {
  CipherKind kind = CipherKind::kChaCha;
  SecretKey seed;
  std::string nonce;
  bool operator==(const DataKey& other) const;
};
// A fresh one, and the file that keeps it.
struct NewKey {
  DataKey key;
  std::string file;
};
[[nodiscard]] NewKey MakeKeyFile(CipherKind kind, const SecretKey& key_encryption_key,
                                 Entropy* entropy);
// A file for the same key. REQUIRES: 'key_encryption_key' never sealed anything else with this
// nonce.
[[nodiscard]] std::string SealKeyFile(const SecretKey& key_encryption_key, const DataKey& key);
// nullopt: another key or cipher, or damaged.
[[nodiscard]] std::optional<DataKey> OpenKeyFile(CipherKind kind,
                                                 const SecretKey& key_encryption_key,
                                                 std::string_view file);

// En- and decrypts the bytes of a block; the same operation both ways.
class BlockCipher {
 public:
  explicit BlockCipher(const DataKey& key);
  ~BlockCipher();
  BlockCipher(BlockCipher&& other) noexcept;
  BlockCipher& operator=(BlockCipher&& other) noexcept;

  // In place: 'bytes' is what stands (or shall stand) at 'offset' of the file.
  void Apply(uint64_t offset, uint8_t* bytes, size_t count) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dunlin::crypto
