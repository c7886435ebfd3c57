#include "storage/format/checksum_key.h"

#include <string>

#include "engine/base/sha256.h"

namespace dunlin::format {

crypto::HighwayHash64 StreamChecksum(std::string_view stream) {
  return crypto::HighwayHash64(Sha256(stream));
}

crypto::HighwayHash64 BlockChecksum(std::string_view stream, uint32_t block) {
  return crypto::HighwayHash64(Sha256(std::string(stream) + "-" + std::to_string(block)));
}

crypto::HighwayHash64 ConsumerChecksum(std::string_view stream, std::string_view consumer) {
  return crypto::HighwayHash64(Sha256(std::string(stream) + "/" + std::string(consumer)));
}

}  // namespace dunlin::format
