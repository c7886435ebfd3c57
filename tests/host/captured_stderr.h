// Takes standard error away for the life of the object.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "engine/base/check.h"
#include "host/unique_fd.h"

namespace dunlin::host {

class CapturedStderr {
 public:
  CapturedStderr() : saved_(::dup(STDERR_FILENO)) {
    int ends[2];
    CHECK(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    read_.Reset(ends[0]);
    UniqueFd write(ends[1]);
    // The end that is written to blocks, as a real standard error does.
    CHECK(::fcntl(write.get(), F_SETFL, 0) == 0);
    CHECK(::dup2(write.get(), STDERR_FILENO) == STDERR_FILENO);
  }
  ~CapturedStderr() { ::dup2(saved_.get(), STDERR_FILENO); }

  // What has been written since the last call.
  std::string Text() {
    std::string text;
    char buffer[4096];
    for (ssize_t got; (got = ::read(read_.get(), buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<size_t>(got));
    }
    return text;
  }
  void CloseReader() { read_.Reset(); }

 private:
  UniqueFd saved_;
  UniqueFd read_;
};

}  // namespace dunlin::host
