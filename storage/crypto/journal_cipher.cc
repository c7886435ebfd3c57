#include "storage/crypto/journal_cipher.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <cstring>
#include <string>

#include "engine/base/check.h"

namespace dunlin::crypto {
namespace {

// A NUL: no account's and stream's name begins so (MasterKey).
constexpr std::string_view kContext("\0dunlin journal", 15);

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

}  // namespace

struct JournalCipher::State {
  std::string operator_key;
  Incarnation store;  // That 'key' is for.
  SecretKey key;
  bool has_key = false;
  std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context{EVP_CIPHER_CTX_new()};

  explicit State(std::string_view secret) : operator_key(secret) { CHECK(context != nullptr); }
  ~State() { sodium_memzero(operator_key.data(), operator_key.size()); }

  void KeyFor(const Incarnation& wanted) {
    if (has_key && store == wanted) return;
    store = wanted;
    has_key = true;
    std::string message(kContext);
    message.append(reinterpret_cast<const char*>(store.bytes.data()), store.bytes.size());
    unsigned bytes = 0;
    CHECK(HMAC(EVP_sha256(), operator_key.data(), static_cast<int>(operator_key.size()),
               reinterpret_cast<const uint8_t*>(message.data()), message.size(), key.data(),
               &bytes) != nullptr);
    CHECK(bytes == kKeyBytes);
  }

  // The nonce of 24 bytes: segment, number, life. The first 16 make the batch's key.
  void Begin(const BatchNonce& nonce, std::span<const uint8_t> open_data, bool seal) {
    KeyFor(nonce.store);
    uint8_t first[16], rest[12] = {};
    std::memcpy(first, &nonce.segment, 8);
    std::memcpy(first + 8, &nonce.number, 8);
    std::memcpy(rest + 4, &nonce.life, 8);
    SecretKey sub;
    CHECK(crypto_core_hchacha20(sub.data(), first, key.data(), nullptr) == 0);
    CHECK(EVP_CipherInit_ex(context.get(), EVP_chacha20_poly1305(), nullptr, sub.data(), rest,
                            seal ? 1 : 0) == 1);
    int written = 0;
    if (!open_data.empty())
      CHECK(EVP_CipherUpdate(context.get(), nullptr, &written, open_data.data(),
                             static_cast<int>(open_data.size())) == 1);
  }

  void Update(std::span<const uint8_t> in, uint8_t* out) {
    int written = 0;
    if (in.empty()) return;
    CHECK(in.size() <= 1u << 30);
    CHECK(EVP_CipherUpdate(context.get(), out, &written, in.data(), static_cast<int>(in.size())) ==
          1);
    CHECK(static_cast<size_t>(written) == in.size());
  }

  bool Open(const BatchNonce& nonce, std::span<const uint8_t> open_data,
            std::span<const uint8_t> sealed, uint8_t* plain) {
    const size_t size = sealed.size() - kTagBytes;
    Begin(nonce, open_data, false);
    Update(sealed.first(size), plain);
    uint8_t tag[kTagBytes], nothing[kTagBytes];
    std::memcpy(tag, sealed.data() + size, kTagBytes);
    CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag) == 1);
    int rest = 0;
    return EVP_CipherFinal_ex(context.get(), nothing, &rest) == 1;
  }
};

JournalCipher::JournalCipher(std::string_view operator_key, std::string_view previous_key)
    : state_(std::make_unique<State>(operator_key)) {
  CHECK(!operator_key.empty());
  if (!previous_key.empty()) previous_ = std::make_unique<State>(previous_key);
}
JournalCipher::~JournalCipher() = default;

void JournalCipher::Seal(const BatchNonce& nonce, std::span<const uint8_t> open_data,
                         std::span<const uint8_t> plain, uint8_t* sealed) {
  state_->Begin(nonce, open_data, true);
  state_->Update(plain, sealed);
  uint8_t* const tag = sealed + plain.size();
  int rest = 0;
  CHECK(EVP_CipherFinal_ex(state_->context.get(), tag, &rest) == 1 && rest == 0);
  CHECK(EVP_CIPHER_CTX_ctrl(state_->context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag) == 1);
}

bool JournalCipher::Open(const BatchNonce& nonce, std::span<const uint8_t> open_data,
                         std::span<const uint8_t> sealed, uint8_t* plain) {
  if (sealed.size() < kTagBytes) return false;
  return state_->Open(nonce, open_data, sealed, plain) ||
         (previous_ != nullptr && previous_->Open(nonce, open_data, sealed, plain));
}

}  // namespace dunlin::crypto
