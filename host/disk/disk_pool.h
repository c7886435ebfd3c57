// A few threads that carry out what would block the engine, and the one eventfd that says that
// something is done.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "host/disk/disk_job.h"

namespace dunlin::host {

// How long somebody waits for it.
enum class Urgency : uint8_t {
  kUrgent,  // Reads, and writes that an acknowledgement waits for.
  kBulk,    // The rest. One thread is always left for what is urgent.
};

class DiskPool {
 public:
  // 'event_fd' is added to whenever Take() has something to give after having had nothing.
  // REQUIRES: threads >= 2; 'root' outlives this.
  DiskPool(const DiskRoot& root, int threads, int event_fd);
  // Waits for what is being carried out; what has not begun never will.
  ~DiskPool();
  DiskPool(const DiskPool&) = delete;
  DiskPool& operator=(const DiskPool&) = delete;

  // The owner's thread only. The job is the pool's, from the next Flush() on, until Take() gives it
  // back.
  void Add(DiskJob* job, Urgency urgency);
  // Hands over what was added: one lock, and no more wakes than there are threads.
  void Flush();
  // Appends what is done, at most 'max'; of what is left the event tells again.
  void Take(std::vector<DiskJob*>* done, size_t max);

 private:
  void Run();
  void Signal() const;
  // REQUIRES: holding mutex_.
  bool HasWork() const;

  const DiskRoot& root_;
  const int event_fd_;
  const size_t bulk_max_;  // Carried out at once.

  std::vector<DiskJob*> added_urgent_, added_bulk_;  // Since the last Flush().

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<DiskJob*> urgent_, bulk_;
  size_t bulk_running_ = 0;
  std::deque<DiskJob*> done_;
  bool stopping_ = false;

  std::vector<std::thread> threads_;  // Last: they use all of the above.
};

}  // namespace dunlin::host
