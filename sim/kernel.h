// What all parts of a simulated world share: its time, its future, its record and its randomness.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/rng.h"
#include "engine/base/time.h"
#include "sim/event_queue.h"
#include "sim/trace.h"
#include "sim/world.h"

namespace dunlin::sim {

struct Kernel {
  Instant now{Seconds(1).ns};
  EventQueue queue;
  Trace trace;
  Rng root;
  World::Options options;
  std::vector<Failure> failures;

  explicit Kernel(World::Options world_options)
      : root(world_options.seed), options(world_options) {}

  void Fail(std::string_view invariant, std::string text) {
    failures.push_back({now, std::string(invariant), std::move(text)});
  }
};

}  // namespace dunlin::sim
