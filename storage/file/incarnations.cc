#include "storage/file/incarnations.h"

#include "storage/format/little_endian.h"

namespace dunlin::file {

Incarnation DrawIncarnation(std::string_view directory, Rng* rng) {
  Incarnation out;
  for (uint8_t& byte : out.bytes) byte = static_cast<uint8_t>(rng->Below(256));
  format::PutU64(DirectoryHash(directory), out.bytes.data());
  return out;
}

uint64_t DirectoryOf(const Incarnation& incarnation) {
  return format::GetU64(incarnation.bytes.data());
}

uint64_t DirectoryHash(std::string_view directory) { return StableHash(directory); }

}  // namespace dunlin::file
