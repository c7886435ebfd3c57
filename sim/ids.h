// Names of things in a simulated world. Dense numbers, given out in order of creation.
#pragma once

#include <compare>
#include <cstdint>

namespace dunlin::sim {

// A simulated server process: its config, clock and log outlive its lives.
struct NodeId {
  uint32_t value = 0;
  constexpr auto operator<=>(const NodeId&) const = default;
};

// The client's end of one connection. Never used again, also after the connection is gone.
struct EndpointId {
  uint32_t value = 0;
  constexpr auto operator<=>(const EndpointId&) const = default;
};

// One monitoring request and its answer.
struct MonitorId {
  uint32_t value = 0;
  constexpr auto operator<=>(const MonitorId&) const = default;
};

}  // namespace dunlin::sim
