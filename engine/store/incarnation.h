// Which life of an asset something belongs to. A stream, a consumer or a RAFT group gets a new one,
// drawn at random, each time it is created; a name is only a label. Whatever is found on disk or
// comes over the network with another incarnation belongs to something else.
#pragma once

#include <array>
#include <compare>
#include <cstdint>

namespace dunlin {

struct Incarnation {
  std::array<uint8_t, 16> bytes{};  // All zero: none.
  auto operator<=>(const Incarnation&) const = default;
};

}  // namespace dunlin
