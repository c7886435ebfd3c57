// A disk for those that may wait: tests, tools, benchmarks. Issues through queue(), then waits.
#pragma once

#include <vector>

#include "host/disk/host_disk.h"
#include "storage/disk.h"

namespace dunlin::host {

class BlockingDisk {
 public:
  // REQUIRES: 'disk' outlives this, and nobody else uses it.
  explicit BlockingDisk(HostDisk& disk) : disk_(disk) {}

  DiskQueue& queue() { return queue_; }

  // Hands over what was issued and waits for this one. Others that complete meanwhile are kept for
  // their own Wait(), or for TakeAll().
  DiskDone Wait(DiskTicket ticket);

  // Hands over, waits until something has completed (at once if nothing is under way), and gives
  // all that is there, in order of completion: one round of an event loop.
  std::vector<DiskDone> TakeSome();
  // Likewise, until nothing is under way.
  std::vector<DiskDone> TakeAll();

  bool idle() const { return queue_.empty() && disk_.under_way() == 0; }

 private:
  HostDisk& disk_;
  DiskQueue queue_;
  std::vector<DiskDone> kept_;  // In order of completion.
};

}  // namespace dunlin::host
