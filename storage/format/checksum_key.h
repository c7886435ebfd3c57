// Which key a file's checksums are made with. As the reference derives them: SHA-256 of a name, so
// that a block which landed in another stream's directory, or under another number, is found out.
#pragma once

#include <cstdint>
#include <string_view>

#include "storage/crypto/highway_hash.h"

namespace dunlin::format {

// Of a stream's meta.inf and index.db.
[[nodiscard]] crypto::HighwayHash64 StreamChecksum(std::string_view stream);

// Of the records in N.blk.
[[nodiscard]] crypto::HighwayHash64 BlockChecksum(std::string_view stream, uint32_t block);

// Of a consumer's meta.inf.
[[nodiscard]] crypto::HighwayHash64 ConsumerChecksum(std::string_view stream,
                                                     std::string_view consumer);

}  // namespace dunlin::format
