// All of a store directory on a real disk, with the loop that its owner would have: for tests that
// are killed, and for benchmarks.
#pragma once

#include <memory>

#include "engine/base/time.h"
#include "host/disk/host_disk.h"
#include "storage/disk.h"
#include "storage/storage.h"

namespace dunlin::host {

class StorageLoop {
 public:
  // REQUIRES: 'disk' outlives this.
  StorageLoop(HostDisk& disk, const StorageOptions& options, uint64_t seed);

  Storage& storage() { return *storage_; }
  static Now ReadClocks();

  // One round: ends the step, hands over what was issued, takes what has completed. Waits for the
  // disk only if 'how' says so, and not beyond the next deadline.
  enum class How : uint8_t { kWait, kLook };
  void Step(How how = How::kWait) { (void)Step(ReadClocks(), how); }
  // As if it were 'now'. False: nothing was under way, and nothing is due.
  bool Step(const Now& now, How how = How::kWait);

  // Steps until storage is in this state; false if it has failed, or seems to wait for nothing.
  [[nodiscard]] bool RunUntil(Storage::State state);
  // Runs a request of a store to its end.
  template <class Request>
  Progress Finish(file::FileStore& store, Request& request);

 private:
  HostDisk& disk_;
  DiskQueue queue_;
  std::unique_ptr<Storage> storage_;
  std::vector<DiskDone> done_;
};

template <class Request>
Progress StorageLoop::Finish(file::FileStore& store, Request& request) {
  while (true) {
    Progress progress;
    if constexpr (requires { store.Run(Now{}, request); }) {
      progress = store.Run(ReadClocks(), request);
    } else {
      progress = store.Run(request);
    }
    if (progress == Progress::kDone || progress == Progress::kFailed) return progress;
    Step(progress == Progress::kWait ? How::kWait : How::kLook);
  }
}

}  // namespace dunlin::host
