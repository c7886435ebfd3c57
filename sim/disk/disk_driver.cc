#include "sim/disk/disk_driver.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace dunlin::sim {

DiskDriver::DiskDriver(uint64_t seed, SimDiskOptions options)
    : disk_(Rng(seed), options), queue_(std::make_unique<DiskQueue>()) {}

Now DiskDriver::now() const {
  constexpr WallTime kStart{1'780'000'000'000'000'000};
  return {mono_, kStart + (mono_ - Instant{})};
}

void DiskDriver::HandOver() {
  if (!queue_->empty()) disk_.Submit(mono_, *queue_);
}

Instant DiskDriver::NextDue() {
  HandOver();
  return disk_.NextDue();
}

std::optional<DiskDone> DiskDriver::Step() {
  HandOver();
  if (disk_.in_flight() == 0) return std::nullopt;
  mono_ = std::max(mono_, disk_.NextDue());
  return disk_.CompleteNext();
}

DiskDone DiskDriver::Run(DiskTicket ticket) {
  while (std::optional<DiskDone> done = Step()) {
    if (done->ticket == ticket) return std::move(*done);
    others_.push_back(std::move(*done));
  }
  const bool ticket_was_in_flight = false;
  CHECK(ticket_was_in_flight);
}

std::vector<DiskDone> DiskDriver::RunAll() {
  while (std::optional<DiskDone> done = Step()) others_.push_back(std::move(*done));
  return TakeOthers();
}

std::vector<DiskDone> DiskDriver::TakeOthers() { return std::exchange(others_, {}); }

void DiskDriver::Crash(CrashKind kind, uint64_t variant) {
  HandOver();
  disk_.Crash(kind, variant);
  disk_.Restart();
  others_.clear();
  last_queue_ = std::move(queue_);
  queue_ = std::make_unique<DiskQueue>();
}

}  // namespace dunlin::sim
