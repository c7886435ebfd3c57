// The memory consumer store in the suite of all consumer stores.
#include "storage/memory/memory_consumer_store.h"

#include <gtest/gtest.h>

#include "tests/storage/consumer_suite.h"

namespace dunlin {
namespace {

class MemoryConsumerWorld final : public ConsumerWorld {
 public:
  explicit MemoryConsumerWorld(const ConsumerStoreConfig& config) : store_(config) {}

  ConsumerStore& store() override { return store_; }
  void Settle() override {}
  bool Durable() const override { return false; }
  void Reopen() override {}
  void Crash() override {}

 private:
  memory::MemoryConsumerStore store_;
};

std::unique_ptr<ConsumerWorld> MakeMemoryConsumer(const ConsumerStoreConfig& config) {
  return std::make_unique<MemoryConsumerWorld>(config);
}

INSTANTIATE_TEST_SUITE_P(Memory, ConsumerSuite,
                         ::testing::Values(ConsumerKind{"Memory", &MakeMemoryConsumer}),
                         ConsumerKindName);

}  // namespace
}  // namespace dunlin
