#include "engine/base/address.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

TEST(JoinHostPort, BracketsWhatHasColons) {
  EXPECT_EQ(JoinHostPort("127.0.0.1", 1), "127.0.0.1:1");
  EXPECT_EQ(JoinHostPort("localhost", -1), "localhost:-1");
  EXPECT_EQ(JoinHostPort("::1", 1), "[::1]:1");
  EXPECT_EQ(JoinHostPort("", 1), ":1");
}

}  // namespace
}  // namespace dunlin
