// A message that is only passed on allocates nothing, once the server is warm.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/support/node_driver.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DUNLIN_MALLOC_IS_TAKEN
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DUNLIN_MALLOC_IS_TAKEN
#endif

#if !defined(DUNLIN_MALLOC_IS_TAKEN) && defined(__GLIBC__)

namespace {
int64_t g_allocations = 0;
}

// glibc lets a program bring its own malloc(); ours counts. operator new comes here too.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* at, size_t size);
void* malloc(size_t size) {
  ++g_allocations;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++g_allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* at, size_t size) {
  ++g_allocations;
  return __libc_realloc(at, size);
}
}

namespace dunlin {
namespace {

using testing::NodeDriver;

int64_t AllocationsOf(NodeDriver& node, uint32_t producer, const std::string& burst) {
  const int64_t before = g_allocations;
  node.Send(producer, burst);
  return g_allocations - before;
}

TEST(Allocation, NothingPerRoutedMessage) {
  NodeDriver node;
  node.keep_output = false;
  for (int i = 0; i < 8; ++i) {
    const uint32_t client = node.Connect();
    node.Send(client,
              "CONNECT {\"verbose\":false,\"headers\":true}\r\nSUB foo 1\r\nSUB foo.* 2\r\nSUB foo "
              "q 3\r\nSUB big 4\r\n");
  }
  const uint32_t producer = node.Connect();
  node.Send(producer, "CONNECT {\"verbose\":false,\"headers\":true}\r\n");
  std::string small, large;
  for (int i = 0; i < 100; ++i) {
    small +=
        "PUB foo 16\r\n0123456789abcdef\r\nPUB foo." + std::to_string(i % 10) + " r 3\r\nabc\r\n";
    small += "HPUB foo 12 13\r\nNATS/1.0\r\n\r\nx\r\n";
    large += "PUB big 5000\r\n" + std::string(5'000, 'x') + "\r\n";
  }
  for (int warm = 0; warm < 5; ++warm) {
    node.Send(producer, small);
    node.Send(producer, large);
  }
  // The driver of this test may allocate a little for each step, never for each message.
  EXPECT_LE(AllocationsOf(node, producer, small), 30);
  EXPECT_LE(AllocationsOf(node, producer, large), 30);
}

}  // namespace
}  // namespace dunlin

#endif
