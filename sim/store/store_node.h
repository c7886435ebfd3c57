// A process that keeps some streams on a simulated disk: the loop around Storage, and nothing else.
// One object is one life of the process.
//
//   StoreNode node(&driver, options, rng);
//   node.Boot()                      all the way up, or kFailed
//   node.store(0).Store(...);        then Turn() until durable() covers it
//   node.Stop()                      in good order
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/base/rng.h"
#include "sim/disk/disk_driver.h"
#include "storage/storage.h"

namespace dunlin::sim {

struct StoreNodeOptions {
  StorageOptions storage;
  std::vector<StoreConfig> streams;
};

class StoreNode {
 public:
  // Turns of one Boot(), Stop() or Run(); a node that needs more is stuck.
  static constexpr int kTurnsMax = 100'000;

  StoreNode(DiskDriver* driver, const StoreNodeOptions& options, const Rng& rng);

  enum class Outcome : uint8_t { kDone, kFailed, kStuck };
  Outcome Boot(int turns_max = kTurnsMax);
  Outcome Stop(int turns_max = kTurnsMax);
  // The process's loop, once: a completion, or a deadline, and what waits.
  void Turn();
  // Runs a request or job to its end. kFailed: also if it was refused; see its error.
  template <class Request>
  Outcome Run(size_t stream, Request& request, int turns_max = kTurnsMax) {
    for (int turns = 0; turns < turns_max; ++turns) {
      const Progress progress = RunOnce(stream, request);
      if (progress == Progress::kDone) return Outcome::kDone;
      if (progress == Progress::kFailed || Failed()) return Outcome::kFailed;
      Turn();
    }
    return Outcome::kStuck;
  }

  file::FileStore& store(size_t stream) { return *storage_.stream(streams_[stream]); }
  Storage& storage() { return storage_; }
  // The journal or a store takes no more: the process ends itself.
  bool Failed();
  std::string Why();
  // What was said to be damaged or lost, by the journal or a store, in this life.
  const std::vector<std::string>& notices() const { return notices_; }

 private:
  template <class Request>
  Progress RunOnce(size_t stream, Request& request) {
    if constexpr (std::is_same_v<Request, Purge> || std::is_same_v<Request, Compact> ||
                  std::is_same_v<Request, Truncate>) {
      return store(stream).Run(driver_->now(), request);
    } else {
      return store(stream).Run(request);
    }
  }
  Outcome TurnUntil(Storage::State state, int turns_max);
  bool TakeDeadline();

  DiskDriver* const driver_;
  Storage storage_;
  std::vector<uint32_t> streams_;
  std::vector<std::string> notices_;
  int idle_turns_ = 0;
};

}  // namespace dunlin::sim
