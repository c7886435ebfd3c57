#include "storage/crypto/highway_hash.h"

#include <highwayhash/highwayhash_target.h>
#include <highwayhash/instruction_sets.h>

#include <cstring>

#include "engine/base/check.h"

namespace dunlin::crypto {

// The library takes words of the machine's order and the files are little-endian; so are all
// machines that we build for.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

namespace {

using Cat = void (*)(const highwayhash::HHKey& key, const highwayhash::StringView* fragments,
                     size_t count, highwayhash::HHResult64* hash);

template <highwayhash::TargetBits kTarget>
struct FindCat {
  void operator()(Cat* out) const {
    *out = [](const highwayhash::HHKey& key, const highwayhash::StringView* fragments, size_t count,
              highwayhash::HHResult64* hash) {
      highwayhash::HighwayHashCat<kTarget>()(key, fragments, count, hash);
    };
  }
};

// Of the library's, the best one for this processor. It would look for it in each call, which a
// short record's hash is too short for.
Cat BestCat() {
  Cat best = nullptr;
  highwayhash::InstructionSets::Run<FindCat>(&best);
  return best;
}

}  // namespace

HighwayHash64::HighwayHash64(const std::array<uint8_t, 32>& key) {
  std::memcpy(key_, key.data(), sizeof(key_));
}

uint64_t HighwayHash64::Of(std::initializer_list<std::string_view> parts) const {
  CHECK(parts.size() <= kPartsMax);
  highwayhash::StringView fragments[kPartsMax];
  size_t count = 0;
  for (const std::string_view part : parts) fragments[count++] = {part.data(), part.size()};
  highwayhash::HHResult64 hash = 0;
  static const Cat cat = BestCat();
  cat(key_, fragments, count, &hash);
  return hash;
}

}  // namespace dunlin::crypto
