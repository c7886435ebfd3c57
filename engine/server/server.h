// A Dunlin node: one pure state machine. It takes a batch of events and appends effects.
//
// The driver's loop, the same for the host and the simulator:
//
//   collect events, among them kTick once NextDeadline() has come
//   server.Step(now, events, outbox)
//   while the outbox has effects: carry them out in order, clear it, and Step() at once with the
//   kWritten and kClosed events that this gave -- before any memory that a kBytes event pointed to
//   is used again.
//
// The first Step() of a life boots the node: it logs its start and asks to listen. Not thread-safe,
// never re-entered. Reads no clock, does no I/O, draws randomness only from Boot::seed: the same
// events give the same effects, to the byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/base/time.h"
#include "engine/config/options.h"
#include "engine/server/event.h"
#include "engine/server/outbox.h"

namespace dunlin {

// A piece of output; valid until the next Step().
struct IoSlice {
  const uint8_t* data;
  size_t size;
};

// What a process knows at its start and the engine must be told.
struct Boot {
  uint64_t seed = 1;  // From the system's entropy in production.
  int64_t pid = 0;    // Shown in the log and on /varz.
};

class Server {
 public:
  Server(config::Options options, Boot boot);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void Step(Now now, std::span<const Event> batch, Outbox& out);

  // When the next kTick is due; never earlier than the last Step()'s time, and equal to it when
  // work was put off to keep the step short: the driver then steps again after looking for new
  // events.
  Instant NextDeadline() const;

  // How many bytes in front of the next kBytes of 'conn' the engine would like to write to. With
  // less it still works, but copies.
  size_t Headroom(ConnId conn) const;

  // Fills 'slices' with output of 'conn', oldest first; returns how many. Nothing is consumed:
  // kWritten does.
  size_t GatherOutput(ConnId conn, std::span<IoSlice> slices) const;

  const config::Options& options() const;

  // Aborts if the state contradicts itself. Slow: for tests and the simulator.
  void CheckInvariants() const;

  // One line a connection and table, for a person who looks at a failed run.
  std::string Describe() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dunlin
