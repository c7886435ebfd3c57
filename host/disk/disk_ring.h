// io_uring: transfers that need no thread to wait for them.
//
// Used for direct writes, and for reads of moderate size; everything else is better off on a thread
// (buffered write and sync through the ring are handed to a kernel worker, which costs more).
#pragma once

#include <liburing.h>

#include <deque>
#include <memory>
#include <vector>

#include "host/disk/disk_job.h"

namespace dunlin::host {

class DiskRing {
 public:
  // At most so many are the kernel's at once; more wait in here.
  static constexpr unsigned kEntries = 256;

  // A transfer that the kernel has ended: bytes moved, or -errno.
  struct Ended {
    DiskJob* job;
    int result;
  };

  // nullptr where the kernel has no io_uring, or forbids it. All calls come from the thread that
  // made it. 'event_fd' is added to when Reap() has something to give.
  static std::unique_ptr<DiskRing> Make(int event_fd);
  // Waits for what the kernel still holds.
  ~DiskRing();
  DiskRing(const DiskRing&) = delete;
  DiskRing& operator=(const DiskRing&) = delete;

  // kRead or kWrite, from job->moved on. The kernel gets it with the next Submit().
  void Add(DiskJob* job);
  void Submit();
  // Appends what has ended, at most kEntries, which is all.
  void Reap(std::vector<Ended>* ended);

 private:
  DiskRing(const io_uring& ring, int event_fd) : ring_(ring), event_fd_(event_fd) {}
  void Prepare(DiskJob* job);

  io_uring ring_;
  const int event_fd_;
  std::deque<DiskJob*> waiting_;
  unsigned held_ = 0;  // By the kernel, or prepared for it.
};

}  // namespace dunlin::host
