#include "tests/host/disk/short_io.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <liburing.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>

#include "engine/base/check.h"
#include "storage/disk.h"

namespace dunlin::host {
namespace {

std::atomic<uint64_t> g_reads, g_writes, g_ring_reads, g_ring_writes, g_signals, g_calls;

// Of 'size' bytes that are asked for on this file. Direct transfers end with a block.
size_t Shorter(int fd, size_t size) {
  const uint64_t call = g_calls.fetch_add(1);
  const bool is_direct = (::fcntl(fd, F_GETFL) & O_DIRECT) != 0;
  const size_t unit = is_direct ? kDirectAlignment : 1;
  const size_t units = size / unit;
  if (units < 2 || size % unit != 0) return size;
  switch (call % 4) {
    case 0: return unit;
    case 1: return units / 2 * unit;
    case 2: return (units - 1) * unit;
    default: return size;
  }
}

bool IsInterrupted() {
  if (g_calls.load() % 7 != 3) return false;
  g_calls.fetch_add(1);
  g_signals.fetch_add(1);
  return true;
}

ssize_t Transfer(long call, std::atomic<uint64_t>* count, int fd, void* bytes, size_t size,
                 off_t offset) {
  if (IsInterrupted()) {
    errno = EINTR;
    return -1;
  }
  const size_t some = Shorter(fd, size);
  if (some < size) count->fetch_add(1);
  return ::syscall(call, fd, bytes, some, offset);
}

// What was prepared and not handed to the kernel yet.
void Shorten(io_uring* ring) {
  const unsigned mask = *ring->sq.kring_mask;
  for (unsigned i = ring->sq.sqe_head; i != ring->sq.sqe_tail; ++i) {
    io_uring_sqe& entry = ring->sq.sqes[i & mask];
    if (entry.opcode != IORING_OP_READ && entry.opcode != IORING_OP_WRITE) continue;
    const auto some = static_cast<unsigned>(Shorter(entry.fd, entry.len));
    if (some < entry.len) {
      (entry.opcode == IORING_OP_READ ? g_ring_reads : g_ring_writes).fetch_add(1);
    }
    entry.len = some;
  }
}

}  // namespace

ShortIo ShortOnes() { return {g_reads, g_writes, g_ring_reads, g_ring_writes, g_signals}; }

}  // namespace dunlin::host

// In place of the C library's, and of liburing's.
extern "C" {

ssize_t pread64(int fd, void* bytes, size_t size, off64_t offset) {
  return dunlin::host::Transfer(SYS_pread64, &dunlin::host::g_reads, fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  return dunlin::host::Transfer(SYS_pwrite64, &dunlin::host::g_writes, fd, const_cast<void*>(bytes),
                                size, offset);
}

int io_uring_submit(io_uring* ring) {
  using Submit = int (*)(io_uring*);
  static const auto real = reinterpret_cast<Submit>(::dlsym(RTLD_NEXT, "io_uring_submit"));
  CHECK(real != nullptr);
  dunlin::host::Shorten(ring);
  return real(ring);
}

}  // extern "C"
