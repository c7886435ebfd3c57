#include "host/disk/disk_ring.h"

#include <unistd.h>

#include <cerrno>

#include "engine/base/check.h"

namespace dunlin::host {
namespace {

// A signal, no memory, or no room for completions.
bool IsPassing(int error) { return error == EINTR || error == EAGAIN || error == EBUSY; }

}  // namespace

std::unique_ptr<DiskRing> DiskRing::Make(int event_fd) {
  io_uring ring;
  // Completions are worked off when this thread asks for them, not whenever it is in the kernel
  // (Linux 6.1); an older kernel does without.
  int error = io_uring_queue_init(
      kEntries, &ring,
      IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG);
  if (error == -EINVAL) error = io_uring_queue_init(kEntries, &ring, 0);
  if (error != 0) return nullptr;
  std::unique_ptr<DiskRing> made(new DiskRing(ring, event_fd));
  if (io_uring_register_eventfd(&ring, event_fd) != 0) made.reset();
  return made;
}

DiskRing::~DiskRing() {
  std::vector<Ended> ended;
  waiting_.clear();
  while (held_ > 0) {
    const int submitted = io_uring_submit_and_wait(&ring_, 1);
    CHECK(submitted >= 0 || IsPassing(-submitted));
    Reap(&ended);
  }
  io_uring_queue_exit(&ring_);
}

void DiskRing::Add(DiskJob* job) {
  if (held_ == kEntries) {
    waiting_.push_back(job);
  } else {
    Prepare(job);
  }
}

void DiskRing::Prepare(DiskJob* job) {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  CHECK(entry != nullptr);  // There are kEntries, and held_ counts them.
  const DiskOp& op = job->op;
  const int fd = job->file->fd.get();
  uint8_t* data = op.data + job->moved;
  const auto size = static_cast<unsigned>(op.size - job->moved);
  const uint64_t offset = op.offset + job->moved;
  if (op.kind == DiskOp::Kind::kRead) {
    io_uring_prep_read(entry, fd, data, size, offset);
  } else {
    io_uring_prep_write(entry, fd, data, size, offset);
  }
  io_uring_sqe_set_data(entry, job);
  ++held_;
}

void DiskRing::Submit() {
  if (io_uring_sq_ready(&ring_) == 0) return;
  const int submitted = io_uring_submit(&ring_);
  CHECK(submitted >= 0 || IsPassing(-submitted));
  if (io_uring_sq_ready(&ring_) == 0) return;
  // Asks to be called again: Reap() submits.
  const uint64_t one = 1;
  CHECK(::write(event_fd_, &one, sizeof one) == sizeof one);
}

void DiskRing::Reap(std::vector<Ended>* ended) {
  if (held_ == 0) return;
  constexpr unsigned kAtOnce = 64;
  io_uring_cqe* done[kAtOnce];
  while (const unsigned count = io_uring_peek_batch_cqe(&ring_, done, kAtOnce)) {
    for (unsigned i = 0; i < count; ++i) {
      auto* job = static_cast<DiskJob*>(io_uring_cqe_get_data(done[i]));
      ended->push_back({job, done[i]->res});
    }
    io_uring_cq_advance(&ring_, count);
    held_ -= count;
  }
  for (; !waiting_.empty() && held_ < kEntries; waiting_.pop_front()) Prepare(waiting_.front());
  Submit();
}

}  // namespace dunlin::host
