#include "host/log_writer.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace dunlin::host {

LogWriter::LogWriter(int fd) : fd_(fd) {
  struct stat info {};
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    kind_ = Kind::kFile;
  } else if (S_ISSOCK(info.st_mode)) {
    kind_ = Kind::kSocket;
  } else {
    kind_ = Kind::kPipeOrTerminal;
  }
}

LogWriter LogWriter::Borrowing(int fd) { return LogWriter(fd); }

LogWriter LogWriter::Owning(UniqueFd fd) {
  LogWriter writer(fd.get());
  writer.owned_ = std::move(fd);
  return writer;
}

void LogWriter::Commit(size_t line_start) {
  if (pending_.size() <= kPendingMax) return;
  pending_.resize(line_start);
  ++dropped_;
}

uint64_t LogWriter::TakeDropped() { return std::exchange(dropped_, 0); }

// Standard error may be shared with other processes, so it is not made non-blocking. A pipe that
// poll calls writable takes PIPE_BUF bytes at once.
long LogWriter::WriteSome(const char* data, size_t size) {
  switch (kind_) {
    case Kind::kFile: return ::write(fd_, data, size);
    case Kind::kSocket: return ::send(fd_, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    case Kind::kPipeOrTerminal: break;
  }
  pollfd ready{fd_, POLLOUT, 0};
  if (::poll(&ready, 1, 0) <= 0) {
    errno = EAGAIN;
    return -1;
  }
  return ::write(fd_, data, std::min<size_t>(size, PIPE_BUF));
}

int LogWriter::Flush() {
  size_t done = 0;
  int error = 0;
  while (done < pending_.size()) {
    const long wrote = WriteSome(pending_.data() + done, pending_.size() - done);
    if (wrote < 0) {
      error = errno;
      break;
    }
    done += static_cast<size_t>(wrote);
    failing_ = false;
  }
  written_bytes_ += done;
  pending_.erase(0, done);
  if (error == 0 || error == EAGAIN || error == EINTR) return 0;
  if (error == EPIPE || error == EBADF) {
    // Nobody will ever read it.
    pending_.clear();
  }
  return std::exchange(failing_, true) ? 0 : error;
}

}  // namespace dunlin::host
