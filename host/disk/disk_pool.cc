#include "host/disk/disk_pool.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "engine/base/check.h"
#include "host/disk/disk_calls.h"

namespace dunlin::host {
namespace {

// Signals are the main thread's: the threads inherit what is blocked while they are made.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before_) == 0);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

DiskPool::DiskPool(const DiskRoot& root, int threads, int event_fd)
    : root_(root), event_fd_(event_fd), bulk_max_(static_cast<size_t>(threads) - 1) {
  CHECK(threads >= 2);
  const AllSignalsBlocked blocked;
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

DiskPool::~DiskPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void DiskPool::Add(DiskJob* job, Urgency urgency) {
  (urgency == Urgency::kUrgent ? added_urgent_ : added_bulk_).push_back(job);
}

void DiskPool::Flush() {
  const size_t count = added_urgent_.size() + added_bulk_.size();
  if (count == 0) return;
  {
    const std::lock_guard lock(mutex_);
    urgent_.insert(urgent_.end(), added_urgent_.begin(), added_urgent_.end());
    bulk_.insert(bulk_.end(), added_bulk_.begin(), added_bulk_.end());
  }
  added_urgent_.clear();
  added_bulk_.clear();
  for (size_t i = 0; i < std::min(count, threads_.size()); ++i) wake_.notify_one();
}

void DiskPool::Take(std::vector<DiskJob*>* done, size_t max) {
  const std::lock_guard lock(mutex_);
  const auto end = done_.begin() + static_cast<ptrdiff_t>(std::min(max, done_.size()));
  done->insert(done->end(), done_.begin(), end);
  done_.erase(done_.begin(), end);
  if (!done_.empty()) Signal();
}

void DiskPool::Signal() const {
  const uint64_t one = 1;
  CHECK(::write(event_fd_, &one, sizeof one) == sizeof one);
}

bool DiskPool::HasWork() const {
  return !urgent_.empty() || (!bulk_.empty() && bulk_running_ < bulk_max_);
}

void DiskPool::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || HasWork(); });
    if (stopping_) return;
    const bool is_bulk = urgent_.empty();
    std::deque<DiskJob*>& queue = is_bulk ? bulk_ : urgent_;
    DiskJob* job = queue.front();
    queue.pop_front();
    if (is_bulk) ++bulk_running_;
    lock.unlock();
    CarryOutChain(root_, job);
    lock.lock();
    if (is_bulk) --bulk_running_;
    if (done_.empty()) Signal();  // Else it was said already.
    for (; job != nullptr; job = job->next) done_.push_back(job);
  }
}

}  // namespace dunlin::host
