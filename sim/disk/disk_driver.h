// The loop around a simulated disk for one component: hands over what it has issued, lets time
// pass, and hands back what completed.
//
//   DiskDriver driver(seed);
//   const DiskTicket ticket = driver.queue().Sync(file);
//   EXPECT_TRUE(driver.Run(ticket).ok());       // other completions wait in TakeOthers()
//
//   while (auto done = driver.Step()) journal.OnDisk(driver.now(), *done);   // until all is quiet
//
//   driver.Crash(CrashKind::kPowerLoss);        // first this, then destroy what used the queue
//   journal = Recover(driver.queue());          // a new queue: the next life
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sim/disk/sim_disk.h"

namespace dunlin::sim {

class DiskDriver {
 public:
  explicit DiskDriver(uint64_t seed, SimDiskOptions options = {});

  SimDisk& disk() { return disk_; }
  // Of this life. What was appended is handed over by the next call of the below.
  DiskQueue& queue() { return *queue_; }
  // Starts at one second; the wall clock shows a time in 2026.
  Now now() const;
  void Advance(Duration by) { mono_ = mono_ + by; }

  // Lets time pass to the next completion, and returns it; nullopt if nothing is in flight.
  std::optional<DiskDone> Step();
  // When the next Step() would be; kNever if nothing is in flight.
  Instant NextDue();
  // Likewise, up to the completion of this one. REQUIRES: it was issued and is not done.
  DiskDone Run(DiskTicket ticket);
  // Everything, with the completions of what Run() passed over, in order.
  std::vector<DiskDone> RunAll();
  // What Run() passed over.
  std::vector<DiskDone> TakeOthers();
  bool idle() const { return queue_->empty() && disk_.in_flight() == 0; }

  // The process ends: what is in flight is cut off. The memory of writes in flight must still be
  // there. Then restarts the disk (SimDisk::Restart), and offers an empty queue.
  void Crash(CrashKind kind, uint64_t variant = 0);

 private:
  void HandOver();

  SimDisk disk_;
  std::unique_ptr<DiskQueue> queue_;
  // Kept for the machines of an earlier life, whose destructors may still look at it.
  std::unique_ptr<DiskQueue> last_queue_;
  std::vector<DiskDone> others_;
  Instant mono_{1'000'000'000};
};

}  // namespace dunlin::sim
