#include "host/disk/file_calls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace dunlin::host {
namespace {

constexpr mode_t kFileMode = 0600;  // reference: defaultFilePerms.

int OpenFlags(const DiskOp& op) {
  int flags = O_CLOEXEC | O_NONBLOCK | (op.access == Access::kRead ? O_RDONLY : O_RDWR);
  switch (op.creation) {
    case Creation::kExisting: break;
    case Creation::kIfMissing: flags |= O_CREAT; break;
    case Creation::kNew: flags |= O_CREAT | O_EXCL; break;
    case Creation::kEmptied: flags |= O_CREAT | O_TRUNC; break;
  }
  return flags;
}

// Nobody's FIFO may hold a thread up, so files are opened without waiting; the ring would then not
// wait for the disk either.
int LetWait(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0 ? 0 : errno;
}

int SizeOfRegular(int fd, uint64_t* size) {
  struct stat status;
  if (::fstat(fd, &status) != 0) return errno;
  if (S_ISDIR(status.st_mode)) return EISDIR;
  if (!S_ISREG(status.st_mode)) return EINVAL;
  *size = static_cast<uint64_t>(status.st_size);
  return LetWait(fd);
}

}  // namespace

int OpenIt(const DiskRoot& root, DiskJob& job) {
  const std::string path = root.Full(job.op.path);
  int flags = OpenFlags(job.op);
  int fd = -1;
  if (job.op.access == Access::kDurableWrites && root.direct) {
    fd = ::open(path.c_str(), flags | O_DIRECT | O_DSYNC, kFileMode);
    // EINVAL: something else is mounted below the root. The file may have been made all the same.
    if (fd < 0 && errno != EINVAL) return errno;
    job.file->direct = fd >= 0;
    flags &= ~O_EXCL;
  }
  if (fd < 0) fd = ::open(path.c_str(), flags, kFileMode);
  if (fd < 0) return errno;
  UniqueFd opened(fd);
  const int error = SizeOfRegular(fd, &job.done.size);
  if (error == 0) job.file->fd = std::move(opened);
  return error;
}

int ReadIt(DiskJob& job) {
  const DiskOp& op = job.op;
  while (job.moved < op.size) {
    const ssize_t n = ::pread(job.file->fd.get(), op.data + job.moved, op.size - job.moved,
                              static_cast<off_t>(op.offset + job.moved));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) break;
    job.moved += static_cast<uint64_t>(n);
    // A direct read stops within a block at the end only, and could not go on from there.
    if (job.file->direct && job.moved % kDirectAlignment != 0) break;
  }
  job.done.size = job.moved;
  return 0;
}

int WriteIt(DiskJob& job) {
  const DiskOp& op = job.op;
  while (job.moved < op.size) {
    const ssize_t n = ::pwrite(job.file->fd.get(), op.data + job.moved, op.size - job.moved,
                               static_cast<off_t>(op.offset + job.moved));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return EIO;
    job.moved += static_cast<uint64_t>(n);
  }
  return 0;
}

int SyncIt(OpenFile& file) {
  const std::lock_guard turn(file.sync_turn);
  if (file.poisoned) return 0;
  if (::fdatasync(file.fd.get()) == 0) return 0;
  const int error = errno;
  file.poisoned = true;
  return error;
}

}  // namespace dunlin::host
