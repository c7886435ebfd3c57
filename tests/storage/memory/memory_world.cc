#include "tests/storage/memory/memory_world.h"

#include "storage/memory/memory_store.h"

namespace dunlin {

extern int mutant_switched_on;  // engine/base/mutant.h

namespace {

class MemoryWorld final : public StoreWorld {
 public:
  MemoryWorld(const StoreConfig& config, int steps_per_slice)
      : store_({.config = config, .steps_per_slice = steps_per_slice}) {}
  ~MemoryWorld() override {
    if (mutant_switched_on == 0) store_.CheckInvariants();
  }

  StreamStore& store() override { return store_; }
  void Settle(const Now&) override {}
  bool Durable() const override { return false; }
  void Reopen(const Now&, const StoreConfig&, Indexes) override {}
  void Crash(const Now&, const StoreConfig&) override {}
  uint64_t CountedBytes(size_t subject, size_t header, size_t payload) const override {
    return MemoryMsgBytes(subject, header, payload);
  }

 private:
  memory::MemoryStore store_;
};

}  // namespace

std::unique_ptr<StoreWorld> MakeMemory(const StoreConfig& config, const Now&) {
  return std::make_unique<MemoryWorld>(config, 4096);
}

std::unique_ptr<StoreWorld> MakeMemoryInSmallSlices(const StoreConfig& config, const Now&) {
  return std::make_unique<MemoryWorld>(config, 2);
}

}  // namespace dunlin
