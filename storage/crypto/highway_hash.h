// HighwayHash-64: the keyed checksum of everything that the reference writes.
//
// Its keys are no secrets: each is the SHA-256 of a name (storage/format/checksum_key.h), so that
// bytes which strayed from another stream or block do not pass.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace dunlin::crypto {

class HighwayHash64 {
 public:
  explicit HighwayHash64(const std::array<uint8_t, 32>& key);

  // The hash of the parts as if they were one. REQUIRES: at most kPartsMax of them.
  [[nodiscard]] uint64_t Of(std::initializer_list<std::string_view> parts) const;
  [[nodiscard]] uint64_t Of(std::string_view bytes) const { return Of({bytes}); }

  static constexpr size_t kPartsMax = 4;

 private:
  alignas(32) uint64_t key_[4];
};

}  // namespace dunlin::crypto
