#include "storage/format/damage.h"

namespace dunlin::format {

const char* Describe(Fault fault) {
  switch (fault) {
    case Fault::kNone: return "no damage";
    case Fault::kShort: return "cut short";
    case Fault::kTrailing: return "bytes after the end";
    case Fault::kBadMagic: return "not a file of this kind";
    case Fault::kBadVersion: return "unknown version";
    case Fault::kBadChecksum: return "invalid checksum";
    case Fault::kBadValue: return "impossible value";
    case Fault::kBadCipher: return "does not open with this key";
  }
  return "";
}

std::string Describe(const Damage& damage) {
  return std::string(Describe(damage.fault)) + " at offset " + std::to_string(damage.offset);
}

}  // namespace dunlin::format
