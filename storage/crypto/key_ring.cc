#include "storage/crypto/key_ring.h"

#include <algorithm>

#include "engine/base/check.h"

namespace dunlin::crypto {
namespace {

std::optional<MasterKey> MasterOf(const std::string& key, std::string_view account) {
  if (key.empty()) return std::nullopt;
  return MasterKey(key, account);
}

}  // namespace

KeyRing::KeyRing(const EncryptionOptions& options, std::string_view account)
    : key_(options.key, account),
      previous_(MasterOf(options.previous_key, account)),
      cipher_(options.cipher),
      entropy_(options.entropy) {
  CHECK(entropy_ != nullptr);
}

NewKey KeyRing::NewForStream(std::string_view stream) const {
  return MakeKeyFile(cipher_, key_.ForStream(stream), entropy_);
}
NewKey KeyRing::NewForBlock(std::string_view stream, uint32_t block) const {
  return MakeKeyFile(cipher_, key_.ForBlock(stream, block), entropy_);
}
NewKey KeyRing::NewForConsumer(std::string_view stream, std::string_view consumer) const {
  return MakeKeyFile(cipher_, key_.ForConsumer(stream, consumer), entropy_);
}

template <class Derive>
std::optional<FoundKey> KeyRing::Try(std::string_view file, Derive derive) const {
  const CipherKind other = cipher_ == CipherKind::kChaCha ? CipherKind::kAes : CipherKind::kChaCha;
  for (const MasterKey* master : {&key_, previous_ ? &*previous_ : nullptr}) {
    if (master == nullptr) continue;
    const SecretKey sealed_with = derive(*master);
    for (const CipherKind kind : {cipher_, other}) {
      std::optional<DataKey> key = OpenKeyFile(kind, sealed_with, file);
      const bool present = master == &key_;
      if (key) return FoundKey{std::move(*key), present && kind == cipher_, !present};
    }
  }
  return std::nullopt;
}

std::optional<FoundKey> KeyRing::OpenStream(std::string_view stream, std::string_view file) const {
  return Try(file, [&](const MasterKey& master) { return master.ForStream(stream); });
}
std::optional<FoundKey> KeyRing::OpenBlock(std::string_view stream, uint32_t block,
                                           std::string_view file) const {
  return Try(file, [&](const MasterKey& master) { return master.ForBlock(stream, block); });
}
std::string KeyRing::ResealBlock(std::string_view stream, uint32_t block,
                                 const DataKey& key) const {
  return SealKeyFile(key_.ForBlock(stream, block), key);
}
std::optional<FoundKey> KeyRing::OpenConsumer(std::string_view stream, std::string_view consumer,
                                              std::string_view file) const {
  return Try(file, [&](const MasterKey& master) { return master.ForConsumer(stream, consumer); });
}

std::string_view KeyRing::WhyClosed(std::string_view file) {
  const size_t shortest =
      std::min(KeyFileBytes(CipherKind::kChaCha), KeyFileBytes(CipherKind::kAes));
  return file.size() < shortest ? kBadKeySize : kKeyInvalid;
}

}  // namespace dunlin::crypto
