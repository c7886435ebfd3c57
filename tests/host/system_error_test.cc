#include "host/system_error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

namespace dunlin::host {
namespace {

TEST(SystemError, WordsAreInLowerCaseAsTheReferencesAre) {
  EXPECT_EQ(ErrorWords(ENOENT), "no such file or directory");
  EXPECT_EQ(ErrorWords(EADDRINUSE), "address already in use");
  EXPECT_EQ(ErrorWords(EDOTDOT), "RFS specific error");
  EXPECT_EQ(ErrorWords(9999), "unknown error");
  EXPECT_EQ(ErrorWords(-1), "unknown error");
}

TEST(SystemError, NamesTheSignalsThatTheProcessTakes) {
  EXPECT_EQ(SignalWords(SIGINT), "interrupt");
  EXPECT_EQ(SignalWords(SIGTERM), "terminated");
  EXPECT_EQ(SignalWords(SIGHUP), "hangup");
  EXPECT_EQ(SignalWords(SIGUSR1), "user defined signal 1");
  EXPECT_EQ(SignalWords(SIGUSR2), "user defined signal 2");
}

}  // namespace
}  // namespace dunlin::host
