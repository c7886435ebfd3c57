// Names of things that cross the engine's edge. Distinct types, so that one is never taken for
// another.
#pragma once

#include <compare>
#include <cstdint>

namespace dunlin {

// A transport connection, as the driver names it. 'slot' is a small dense number that the driver
// uses again once it has told the engine that the connection closed; 'generation' tells the uses
// apart. An event or effect whose generation is not the slot's present one is late, and is ignored.
struct ConnId {
  uint32_t slot = 0;
  uint32_t generation = 0;
  constexpr auto operator<=>(const ConnId&) const = default;
};

// One question put to the engine from outside (a monitoring request); the answer carries it back.
struct Ticket {
  uint64_t value = 0;
  constexpr auto operator<=>(const Ticket&) const = default;
};

}  // namespace dunlin
