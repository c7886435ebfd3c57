#include "net/crypt/bcrypt.h"

#include <crypt.h>

#include <cstring>
#include <memory>

#include "engine/base/secret.h"

namespace dunlin::crypt {
namespace {

constexpr size_t kHashSize = 60;  // '$2a$11$', 22 characters of salt, 31 of the hash itself.
constexpr size_t kSaltEnd = 7 + 22;

// Nothing of a password stays in memory that goes back to the allocator.
struct WipedScratch {
  ~WipedScratch() { explicit_bzero(&data, sizeof data); }
  crypt_data data{};
};

}  // namespace

bool BcryptMatches(std::string_view hash, std::string_view password) {
  if (hash.size() != kHashSize || !hash.starts_with("$2")) return false;
  if (password.find('\0') != std::string_view::npos) return false;
  std::string setting(hash.substr(0, kSaltEnd));
  // The library computes '2a' and '2x' as the mistaken programs of old did for some passwords; the
  // reference computes all of them as '2b', which is '2y'.
  setting[2] = 'y';
  std::string key(password);
  const auto scratch = std::make_unique<WipedScratch>();
  const char* const made = crypt_r(key.c_str(), setting.c_str(), &scratch->data);
  explicit_bzero(key.data(), key.size());
  if (made == nullptr || made[0] == '*') return false;
  return SameSecret(std::string_view(made).substr(kSaltEnd), hash.substr(kSaltEnd));
}

}  // namespace dunlin::crypt
