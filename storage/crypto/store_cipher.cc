#include "storage/crypto/store_cipher.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"

namespace dunlin::crypto {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

Context NewContext() {
  Context context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  return context;
}

const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}
uint8_t* Bytes(std::string* text, size_t at) {
  return reinterpret_cast<uint8_t*>(text->data()) + at;
}

// XChaCha20 is ChaCha20 with a key made of the first 16 bytes of the nonce, and the other 8 as its
// nonce (draft-irtf-cfrg-xchacha).
SecretKey SubKey(const SecretKey& key, const uint8_t* nonce) {
  SecretKey sub;
  CHECK(crypto_core_hchacha20(sub.data(), nonce, key.data(), nullptr) == 0);
  return sub;
}

constexpr size_t kChaChaNonceBytes = 12;
constexpr size_t kHChaChaBytes = 16;

// Ready to take bytes. 'nonce' is NonceBytes(kind) long.
Context BeginAead(CipherKind kind, const SecretKey& key, const uint8_t* nonce, bool seal) {
  Context context = NewContext();
  uint8_t short_nonce[kChaChaNonceBytes] = {};
  SecretKey used = key;
  const EVP_CIPHER* cipher = EVP_aes_256_gcm();
  int nonce_bytes = static_cast<int>(NonceBytes(kind));
  if (kind == CipherKind::kChaCha) {
    cipher = EVP_chacha20_poly1305();
    used = SubKey(key, nonce);
    std::memcpy(short_nonce + 4, nonce + kHChaChaBytes, 8);
    nonce = short_nonce;
    nonce_bytes = kChaChaNonceBytes;
  }
  CHECK(EVP_CipherInit_ex(context.get(), cipher, nullptr, nullptr, nullptr, seal ? 1 : 0) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_IVLEN, nonce_bytes, nullptr) == 1);
  CHECK(EVP_CipherInit_ex(context.get(), nullptr, nullptr, used.data(), nonce, seal ? 1 : 0) == 1);
  return context;
}

void Update(EVP_CIPHER_CTX* context, const uint8_t* in, size_t bytes, uint8_t* out) {
  constexpr size_t kStep = 1u << 30;  // The library counts in ints.
  for (size_t at = 0; at < bytes; at += kStep) {
    int written = 0;
    const int n = static_cast<int>(std::min(kStep, bytes - at));
    CHECK(EVP_CipherUpdate(context, out + at, &written, in + at, n) == 1 && written == n);
  }
}

// Nonce in, nonce + ciphertext + tag out.
std::string SealWith(CipherKind kind, const SecretKey& key, std::string_view plain,
                     std::string nonce) {
  std::string out = std::move(nonce);
  const size_t head = out.size();
  out.resize(head + plain.size() + kTagBytes);
  const Context context = BeginAead(kind, key, Bytes(out), true);
  Update(context.get(), Bytes(plain), plain.size(), Bytes(&out, head));
  uint8_t* const tag = Bytes(&out, head + plain.size());
  int rest = 0;
  CHECK(EVP_CipherFinal_ex(context.get(), tag, &rest) == 1 && rest == 0);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag) == 1);
  return out;
}

std::string FreshNonce(CipherKind kind, Entropy* entropy) {
  std::string nonce(NonceBytes(kind), '\0');
  entropy->Fill(Bytes(&nonce, 0), nonce.size());
  return nonce;
}

// Big-endian, as CTR mode counts.
void AddToCounter(uint64_t blocks, uint8_t* counter) {
  for (int i = 15; i >= 0 && blocks > 0; --i) {
    blocks += counter[i];
    counter[i] = static_cast<uint8_t>(blocks);
    blocks >>= 8;
  }
}

}  // namespace

const char* Describe(CipherKind kind) {
  return kind == CipherKind::kChaCha ? "ChaCha20-Poly1305" : "AES-GCM";
}

SecretKey::~SecretKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

MasterKey::MasterKey(std::string_view key, std::string_view account)
    : key_(key), account_(account) {
  CHECK(!key.empty());
}
MasterKey::~MasterKey() { sodium_memzero(key_.data(), key_.size()); }

SecretKey MasterKey::Derive(std::string_view context) const {
  const std::string message = account_ + std::string(context);
  SecretKey out;
  unsigned bytes = 0;
  CHECK(HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), Bytes(message),
             message.size(), out.data(), &bytes) != nullptr);
  CHECK(bytes == kKeyBytes);
  return out;
}

SecretKey MasterKey::ForStream(std::string_view stream) const { return Derive(stream); }
SecretKey MasterKey::ForBlock(std::string_view stream, uint32_t block) const {
  return Derive(std::string(stream) + ":" + std::to_string(block));
}
SecretKey MasterKey::ForConsumer(std::string_view stream, std::string_view consumer) const {
  return Derive(std::string(stream) + "." + std::string(consumer));
}

std::string Seal(CipherKind kind, const SecretKey& key, std::string_view plain, Entropy* entropy) {
  return SealWith(kind, key, plain, FreshNonce(kind, entropy));
}

std::optional<std::string> Open(CipherKind kind, const SecretKey& key, std::string_view sealed) {
  if (sealed.size() < SealBytes(kind)) return std::nullopt;
  const size_t head = NonceBytes(kind);
  const std::string_view body = sealed.substr(head, sealed.size() - SealBytes(kind));
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  const Context context = BeginAead(kind, key, Bytes(sealed), false);
  std::string plain(body.size(), '\0');
  Update(context.get(), Bytes(body), body.size(), Bytes(&plain, 0));
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1);
  uint8_t nothing[kTagBytes];
  int rest = 0;
  if (EVP_CipherFinal_ex(context.get(), nothing, &rest) != 1) return std::nullopt;
  return plain;
}

NewKey MakeKeyFile(CipherKind kind, const SecretKey& key_encryption_key, Entropy* entropy) {
  NewKey made;
  made.key.kind = kind;
  entropy->Fill(made.key.seed.data(), kKeyBytes);
  made.key.nonce = FreshNonce(kind, entropy);
  made.file = SealKeyFile(key_encryption_key, made.key);
  return made;
}

std::string SealKeyFile(const SecretKey& key_encryption_key, const DataKey& key) {
  return SealWith(key.kind, key_encryption_key,
                  {reinterpret_cast<const char*>(key.seed.data()), kKeyBytes}, key.nonce);
}

bool DataKey::operator==(const DataKey& other) const {
  return kind == other.kind && nonce == other.nonce &&
         sodium_memcmp(seed.data(), other.seed.data(), kKeyBytes) == 0;
}

std::optional<DataKey> OpenKeyFile(CipherKind kind, const SecretKey& key_encryption_key,
                                   std::string_view file) {
  if (file.size() != KeyFileBytes(kind)) return std::nullopt;
  std::optional<std::string> seed = Open(kind, key_encryption_key, file);
  if (!seed) return std::nullopt;
  DataKey key;
  key.kind = kind;
  uint8_t* const bytes = Bytes(&*seed, 0);
  std::memcpy(key.seed.data(), bytes, kKeyBytes);
  sodium_memzero(bytes, kKeyBytes);
  key.nonce = file.substr(0, NonceBytes(kind));
  return key;
}

struct BlockCipher::State {
  CipherKind kind;
  // What a position is set in: for ChaCha, a counter (u32) and the nonce; for AES the counter.
  uint8_t start[16] = {};
  Context context = NewContext();
};

BlockCipher::BlockCipher(const DataKey& key) : state_(std::make_unique<State>()) {
  CHECK(key.nonce.size() == NonceBytes(key.kind));
  state_->kind = key.kind;
  SecretKey used = key.seed;
  const EVP_CIPHER* cipher = EVP_aes_256_ctr();
  if (key.kind == CipherKind::kChaCha) {
    cipher = EVP_chacha20();
    used = SubKey(key.seed, Bytes(key.nonce));
    std::memcpy(state_->start + 8, key.nonce.data() + kHChaChaBytes, 8);
  } else {
    std::memcpy(state_->start, key.nonce.data(), sizeof(state_->start));
  }
  CHECK(EVP_EncryptInit_ex(state_->context.get(), cipher, nullptr, used.data(), state_->start) ==
        1);
}
BlockCipher::~BlockCipher() = default;
BlockCipher::BlockCipher(BlockCipher&& other) noexcept = default;
BlockCipher& BlockCipher::operator=(BlockCipher&& other) noexcept = default;

void BlockCipher::Apply(uint64_t offset, uint8_t* bytes, size_t count) const {
  const size_t unit = state_->kind == CipherKind::kChaCha ? 64 : 16;
  uint8_t at[16];
  std::memcpy(at, state_->start, sizeof(at));
  if (state_->kind == CipherKind::kChaCha) {
    const uint64_t block = offset / unit;
    CHECK(block + count / unit < UINT32_MAX);  // 256 GiB.
    const auto counter = static_cast<uint32_t>(block);
    std::memcpy(at, &counter, sizeof(counter));
  } else {
    AddToCounter(offset / unit, at);
  }
  EVP_CIPHER_CTX* const context = state_->context.get();
  CHECK(EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, at) == 1);
  uint8_t passed[64] = {};
  Update(context, passed, offset % unit, passed);
  Update(context, bytes, count, bytes);
}

}  // namespace dunlin::crypto
