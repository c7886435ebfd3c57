// Writes log text to a descriptor that may be slow, full or gone, and never waits for it.
//
// Text is collected until Flush(), which is called once a batch. What the descriptor does not take
// stays and is tried again by the next Flush(). More than kPendingMax waiting: new lines are
// dropped and counted, and a line that says how many follows as soon as there is room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "host/unique_fd.h"

namespace dunlin::host {

class LogWriter {
 public:
  static constexpr size_t kPendingMax = 1 << 20;

  // Borrows a descriptor (standard error) ...
  static LogWriter Borrowing(int fd);
  // ... or owns one.
  static LogWriter Owning(UniqueFd fd);

  // The caller appends one line here, then calls Commit().
  std::string& pending() { return pending_; }
  // Ends a line that began at 'line_start' of pending(). It may be dropped.
  void Commit(size_t line_start);

  // Returns 0, or the errno of the first failed write of an episode: once, not again until a write
  // has worked. EAGAIN is not reported.
  int Flush();

  size_t pending_bytes() const { return pending_.size(); }
  // Lines dropped since the last call.
  uint64_t TakeDropped();
  // Bytes handed to the system so far.
  uint64_t written_bytes() const { return written_bytes_; }
  // Gives up an owned descriptor, for the caller to close.
  int Release() { return owned_.Release(); }

 private:
  enum class Kind : uint8_t { kFile, kSocket, kPipeOrTerminal };
  explicit LogWriter(int fd);
  long WriteSome(const char* data, size_t size);

  int fd_;
  UniqueFd owned_;
  Kind kind_;
  bool failing_ = false;
  std::string pending_;
  uint64_t dropped_ = 0;
  uint64_t written_bytes_ = 0;
};

}  // namespace dunlin::host
