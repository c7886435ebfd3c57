// The memory store in the suite of all stores, once as it is and once with slices as small as can
// be; and what only it has.
#include "storage/memory/memory_store.h"

#include <gtest/gtest.h>

#include "tests/storage/store_suite.h"

namespace dunlin {
namespace {

class MemoryWorld final : public StoreWorld {
 public:
  MemoryWorld(const StoreConfig& config, int steps_per_slice)
      : store_({.config = config, .steps_per_slice = steps_per_slice}) {}
  ~MemoryWorld() override { store_.CheckInvariants(); }

  StreamStore& store() override { return store_; }
  void Settle(const Now&) override {}
  bool Durable() const override { return false; }
  void Reopen(const Now&, const StoreConfig&) override {}
  void Crash(const Now&, const StoreConfig&) override {}
  uint64_t CountedBytes(size_t subject, size_t header, size_t payload) const override {
    return MemoryMsgBytes(subject, header, payload);
  }

 private:
  memory::MemoryStore store_;
};

std::unique_ptr<StoreWorld> MakeMemory(const StoreConfig& config, const Now&) {
  return std::make_unique<MemoryWorld>(config, 8192);
}

std::unique_ptr<StoreWorld> MakeMemoryInSmallSlices(const StoreConfig& config, const Now&) {
  return std::make_unique<MemoryWorld>(config, 2);
}

INSTANTIATE_TEST_SUITE_P(Memory, StoreSuite,
                         ::testing::Values(StoreKind{"Whole", &MakeMemory},
                                           StoreKind{"Sliced", &MakeMemoryInSmallSlices}),
                         StoreKindName);

}  // namespace
}  // namespace dunlin
