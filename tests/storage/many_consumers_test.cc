// Very many consumers: none of a directory's steps works for all of them at once, and all get where
// they are to be.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "sim/disk/disk_driver.h"
#include "storage/storage.h"

namespace dunlin {
namespace {

constexpr int kConsumers = 150;
// Of one step. To open a consumer takes 8 at once, and 64 consumers are worked for in a step.
constexpr size_t kOperationsMax = 64 * 10;

class ManyConsumers : public testing::Test {
 protected:
  ManyConsumers() { Open(); }
  ~ManyConsumers() override { driver_.Crash(sim::CrashKind::kKill); }

  void Open() {
    storage_ = std::make_unique<Storage>(StorageOptions{}, &driver_.queue(), Rng(++life_));
    StoreConfig config;
    config.name = "S";
    stream_ = storage_->AddStream("A/streams/S", config);
    storage_->Open(driver_.now());
    StepUntil([&] { return storage_->state() == Storage::State::kRunning; });
  }
  template <class Condition>
  void StepUntil(Condition condition) {
    while (!condition()) {
      ASSERT_TRUE(Step() || condition()) << "nothing is left to do, nor to wait for";
    }
  }
  void StepToRest() {
    while (Step()) {
    }
  }
  // False: nothing is left to do, and nothing will come by itself.
  bool Step() {
    if (storage_->NextDeadline() <= driver_.now().mono) storage_->OnDeadline(driver_.now());
    storage_->EndOfStep(driver_.now());
    most_ = std::max(most_, driver_.queue().ops().size());
    const std::optional<DiskDone> done = driver_.Step();
    if (done) storage_->OnDisk(driver_.now(), *done);
    const Instant due = storage_->NextDeadline();
    if (!done && due != kNever && due > driver_.now().mono) {
      driver_.Advance(due - driver_.now().mono);
    }
    return done || due != kNever;
  }
  void Add(const std::string& name) {
    ConsumerStoreConfig config;
    config.name = name;
    config.ack_policy = AckPolicy::kExplicit;
    (void)storage_->AddConsumer(stream_, config,
                                R"({"durable_name":")" + name + R"(","ack_policy":"explicit"})");
  }
  void DeliverToAll(uint64_t seq) {
    for (const uint32_t id : storage_->ConsumersOf(stream_)) {
      ASSERT_TRUE(storage_->consumer(id)->Delivered(seq, seq, 1, driver_.now().wall).ok());
    }
  }
  void Stop() {
    storage_->Stop(driver_.now());
    StepUntil([&] { return storage_->state() == Storage::State::kStopped; });
  }

  sim::DiskDriver driver_{1};
  std::unique_ptr<Storage> storage_;
  uint64_t life_ = 0;  // What is drawn in it is drawn in no other.
  uint32_t stream_ = 0;
  size_t most_ = 0;  // Operations of the longest step.
};

TEST_F(ManyConsumers, AreOpenedAndStoppedSomeInEachStep) {
  for (int i = 0; i < kConsumers; ++i) Add("C" + std::to_string(i));
  StepUntil([&] { return storage_->consumers_ready(stream_); });
  DeliverToAll(1);
  StepToRest();
  most_ = 0;
  Stop();
  EXPECT_LE(most_, kOperationsMax);
  most_ = 0;
  Open();
  StepUntil([&] { return storage_->consumers_ready(stream_); });
  EXPECT_LE(most_, kOperationsMax);
  ASSERT_EQ(storage_->ConsumersOf(stream_).size(), static_cast<size_t>(kConsumers));
  for (const uint32_t id : storage_->ConsumersOf(stream_)) {
    EXPECT_EQ(storage_->consumer(id)->State().delivered.stream, 1u);
  }
}

// What was added a moment ago may go with the stop, but nothing hangs, and none is started in it.
TEST_F(ManyConsumers, ThatWereAddedAMomentAgoDoNotHoldUpAStop) {
  constexpr int kTries = 10;
  for (int before = 0; before < kTries; ++before) {
    for (int i = 0; i < kConsumers; ++i) {
      Add("C" + std::to_string(before) + "-" + std::to_string(i));
    }
    const int operations = before * kConsumers;
    for (int i = 0; i < operations; ++i) (void)Step();
    Stop();
    for (const uint32_t id : storage_->ConsumersOf(stream_)) {
      EXPECT_FALSE(storage_->consumer(id)->Failure());
    }
    Open();
  }
}

}  // namespace
}  // namespace dunlin
