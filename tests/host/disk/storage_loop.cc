#include "tests/host/disk/storage_loop.h"

#include <chrono>

#include "engine/base/rng.h"

namespace dunlin::host {
namespace {

template <class Clock>
int64_t Nanos() {
  const auto since = Clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

}  // namespace

StorageLoop::StorageLoop(HostDisk& disk, const StorageOptions& options, uint64_t seed)
    : disk_(disk), storage_(std::make_unique<Storage>(options, &queue_, Rng(seed))) {}

Now StorageLoop::ReadClocks() {
  return {{Nanos<std::chrono::steady_clock>()}, {Nanos<std::chrono::system_clock>()}};
}

bool StorageLoop::Step(const Now& now, How how) {
  if (storage_->NextDeadline() <= now.mono) storage_->OnDeadline(now);
  storage_->EndOfStep(now);
  disk_.Submit(queue_);
  const bool waits = disk_.under_way() > 0;
  if (how == How::kWait && waits) disk_.Wait();
  disk_.Take(&done_);
  for (const DiskDone& done : done_) storage_->OnDisk(now, done);
  const bool moved = waits || !done_.empty();
  done_.clear();
  return moved || storage_->NextDeadline() <= now.mono;
}

bool StorageLoop::RunUntil(Storage::State state) {
  // Slices of work need no disk in between, but not so many of them.
  constexpr int kIdleMax = 1'000'000;
  for (int idle = 0; storage_->state() != state;) {
    if (storage_->state() == Storage::State::kFailed || idle > kIdleMax) return false;
    Step();
    idle = disk_.under_way() > 0 ? 0 : idle + 1;
  }
  return true;
}

}  // namespace dunlin::host
