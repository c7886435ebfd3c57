// Seeded runs of a journal and block stores under everything that disks do to them: deaths by kill
// and power loss at any time, in recovery too, errors, full disks, damage. One seed is one run.
//
// What must hold after every recovery, by the policy and by what happened:
//
//   policy      death         kept
//   always      any           everything that was promised
//   interval    kill, stop    everything that was promised
//   interval    power loss    what some earlier moment of this life held, of each stream
//   any         clean stop    everything
//
// and always: the stream is what it was after some change, whole, with its sequences; what was not
// promised may be there, up to what was asked for. Errors of the disk may end a process, and lose
// nothing. After damage (a bad sector, a file that was cut) the stream may be something else, but
// then somebody has said so; only the end of a damaged journal may be lost unsaid. At the end the
// disk is well again: the node starts, and serves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/time.h"

namespace dunlin::sim {

struct StoreRunResult {
  std::vector<std::string> failures;  // Empty: passed.
  uint64_t hash = 0;                  // Of everything that happened on the disk.
  Duration simulated{};
  uint64_t lives = 0;
  uint64_t changes = 0;   // Asked for.
  uint64_t promised = 0;  // Of these, known to be durable to whoever asked.
  uint64_t faults = 0;    // Of all kinds, that struck.
  std::string plan;       // One line: what this seed is about.
};

[[nodiscard]] StoreRunResult RunStoreSeed(uint64_t seed);

}  // namespace dunlin::sim
