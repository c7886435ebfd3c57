// File systems that a test makes for itself, where nobody else sees them: in a child process, which
// may give up rights and mount what it needs.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

#include "engine/base/check.h"

namespace dunlin::host {

inline constexpr int kSkipped = 77;

// Runs 'body' in a child process. What it EXPECTs is printed there and fails the test here; true if
// the child could not do what it needs (it called _exit(kSkipped)).
[[nodiscard]] inline bool SkippedInChild(const std::function<void()>& body) {
  const pid_t child = ::fork();
  CHECK(child >= 0);
  if (child == 0) {
    body();
    std::fflush(nullptr);
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  const bool skipped = WIFEXITED(status) && WEXITSTATUS(status) == kSkipped;
  EXPECT_TRUE(skipped || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
      << "the child failed, see above; status " << status;
  return skipped;
}

// A mount namespace of our own, as root of a user namespace if we are not root anyway.
inline bool OwnMounts() {
  if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

inline bool MountTmpfs(const std::string& path, const char* size) {
  const std::string options = std::string("size=") + size;
  return ::mount("tmpfs", path.c_str(), "tmpfs", 0, options.c_str()) == 0;
}

}  // namespace dunlin::host
