// A stream or consumer that cannot be opened now, beside others that go on: what the journal has of
// it waits for a start that can.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/storage/file/consumer_world.h"

namespace dunlin {
namespace {

constexpr uint64_t kTold = 10;

// Two streams, of which S0 has a consumer, on one disk.
class TwoStreams {
 public:
  TwoStreams() { Boot(); }

  void Boot() {
    storage_ = std::make_unique<Storage>(file::TinyStorage(), &driver.queue(),
                                         rng_.Fork("life", ++lives_));
    for (uint32_t i = 0; i < 2; ++i) {
      StoreConfig config;
      config.name = "S" + std::to_string(i);
      ids_[i] = storage_->AddStream("A/streams/" + config.name, config);
    }
    storage_->Open(driver.now());
    Settle();
    ASSERT_EQ(storage_->state(), Storage::State::kRunning);
  }
  void Settle() {
    for (int quiet = 0; quiet < 3;) {
      if (storage_->NextDeadline() <= driver.now().mono) storage_->OnDeadline(driver.now());
      storage_->EndOfStep(driver.now());
      const auto done = driver.Step();
      if (done) storage_->OnDisk(driver.now(), *done);
      quiet = done ? 0 : quiet + 1;
    }
  }
  void Die() {
    driver.Crash(sim::CrashKind::kPowerLoss);
    storage_.reset();
  }
  void Stop() {
    storage_->Stop(driver.now());
    Settle();
    ASSERT_EQ(storage_->state(), Storage::State::kStopped);
    storage_.reset();
  }

  file::FileStore& stream(size_t number) { return *storage_->stream(ids_[number]); }
  file::FileConsumerStore& consumer() {
    return *storage_->consumer(storage_->ConsumersOf(ids_[0]).at(0));
  }
  void AddConsumer() {
    ConsumerStoreConfig config;
    config.name = "C";
    (void)storage_->AddConsumer(ids_[0], config, file::MetaOf(config));
    Settle();
  }
  void Put(size_t number, size_t payload = 1) {
    ASSERT_TRUE(stream(number).Store(driver.now(), "a", "", std::string(payload, 'x'), 0).ok());
  }
  Storage& storage() { return *storage_; }

  sim::DiskDriver driver{1};

 private:
  Rng rng_{7};
  uint64_t lives_ = 0;
  std::unique_ptr<Storage> storage_;
  uint32_t ids_[2] = {};
};

enum class End : uint8_t { kStop, kDeath };

class FailedStore : public testing::TestWithParam<End> {
 protected:
  // A stream and its consumer are told something that only the journal has when all dies; 'file' of
  // theirs cannot be read in the next life, in which the other stream fills the journal over and
  // over, and which ends as it may; then it can.
  void Tell(const std::string& file) {
    TwoStreams world;
    world.AddConsumer();
    for (uint64_t i = 1; i <= kTold; ++i) {
      world.Put(0);
      ASSERT_TRUE(world.consumer().Delivered(i, i, 1, {1}).ok());
    }
    world.Settle();
    world.Die();
    const std::string whole = world.driver.disk().Contents(file).value_or("");
    ASSERT_NE(whole, "");
    world.driver.disk().Put(file, "rubbish");

    world.Boot();
    ASSERT_TRUE(file.find("/obs/") != std::string::npos ? world.consumer().Failure()
                                                        : world.stream(0).Failure());
    const uint64_t before = world.storage().journal().stats().batches;
    for (int i = 0; i < 400; ++i) {
      world.Put(1, 2000);
      world.Settle();
    }
    ASSERT_GT(world.storage().journal().stats().batches, before + 300);
    if (GetParam() == End::kStop) {
      world.Stop();
    } else {
      world.Die();
    }

    world.driver.disk().Put(file, whole);
    world.Boot();
    EXPECT_EQ(world.stream(0).State().msgs, kTold);
    EXPECT_EQ(world.stream(1).State().msgs, 400u);
    EXPECT_EQ(world.consumer().State().delivered.consumer, kTold);
    for (const std::string& notice : world.storage().TakeNotices()) ADD_FAILURE() << notice;
    world.Die();
  }
};

TEST_P(FailedStore, AStreamFindsItsRecordsOnceItOpens) { Tell("A/streams/S0/msgs/checkpoint"); }

TEST_P(FailedStore, AConsumerFindsItsRecordsOnceItOpens) { Tell("A/streams/S0/obs/C/o.dat"); }

INSTANTIATE_TEST_SUITE_P(Ends, FailedStore, testing::Values(End::kStop, End::kDeath),
                         [](const auto& info) {
                           return info.param == End::kStop ? "AfterAStop" : "AfterADeath";
                         });

}  // namespace
}  // namespace dunlin
