// A stream or consumer that cannot be opened now, beside others that go on: what the journal has of
// it waits for a start that can.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/storage/file/consumer_world.h"

namespace dunlin {
namespace {

constexpr uint64_t kTold = 10;

// Two streams, of which S0 has a consumer, on one disk.
class TwoStreams {
 public:
  TwoStreams() { Boot(); }

  void Boot(Storage::State expected = Storage::State::kRunning) {
    storage_ = std::make_unique<Storage>(file::TinyStorage(), &driver.queue(),
                                         rng_.Fork("life", ++lives_));
    if (!copied_to.empty() && copy_first) copy_ = AddCopy();
    for (uint32_t i = 0; i < 2; ++i) {
      StoreConfig config;
      config.name = "S" + std::to_string(i);
      ids_[i] = storage_->AddStream("A/streams/" + config.name, config);
    }
    if (!copied_to.empty() && !copy_first) copy_ = AddCopy();
    storage_->Open(driver.now());
    Settle();
    ASSERT_EQ(storage_->state(), expected);
  }
  uint32_t AddCopy() {
    StoreConfig config;
    config.name = "S0";
    return storage_->AddStream(copied_to, config);
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

  uint32_t id(size_t number) const { return ids_[number]; }
  file::FileStore& copy() { return *storage_->stream(copy_); }
  file::FileStore& stream(size_t number) { return *storage_->stream(ids_[number]); }
  file::FileConsumerStore& consumer() { return ConsumerOf(ids_[0]); }
  file::FileConsumerStore& copied_consumer() { return ConsumerOf(copy_); }
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
  // The directory of S0, while nothing runs: the next lives have both.
  void Copy(const std::string& to) {
    const std::string from = "A/streams/S0";
    copied_to = to;
    for (const std::string& path : driver.disk().Files()) {
      if (!path.starts_with(from + "/")) continue;
      driver.disk().Put(to + path.substr(from.size()), *driver.disk().Contents(path));
    }
  }

  sim::DiskDriver driver{1};
  std::string copied_to;    // Another directory, with a stream S0; empty: there is none.
  bool copy_first = false;  // It is added before the others.

 private:
  file::FileConsumerStore& ConsumerOf(uint32_t stream) {
    return *storage_->consumer(storage_->ConsumersOf(stream).at(0));
  }

  Rng rng_{7};
  uint64_t lives_ = 0;
  std::unique_ptr<Storage> storage_;
  uint32_t ids_[2] = {};
  uint32_t copy_ = 0;
};

// A stream and its consumer are told something that only the journal has when all dies.
void TellAndDie(TwoStreams* world) {
  world->AddConsumer();
  for (uint64_t i = 1; i <= kTold; ++i) {
    world->Put(0);
    ASSERT_TRUE(world->consumer().Delivered(i, i, 1, {1}).ok());
  }
  world->Settle();
  world->Die();
}

enum class End : uint8_t { kStop, kDeath };

class FailedStoreEnds : public testing::TestWithParam<End> {
 protected:
  // A stream and its consumer are told something that only the journal has when all dies; 'file' of
  // theirs cannot be read in the next life, in which the other stream fills the journal over and
  // over, and which ends as it may; then it can.
  void Tell(const std::string& file) {
    TwoStreams world;
    TellAndDie(&world);
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

TEST_P(FailedStoreEnds, AStreamFindsItsRecordsOnceItOpens) { Tell("A/streams/S0/msgs/checkpoint"); }

TEST_P(FailedStoreEnds, AConsumerFindsItsRecordsOnceItOpens) { Tell("A/streams/S0/obs/C/o.dat"); }

INSTANTIATE_TEST_SUITE_P(Ends, FailedStoreEnds, testing::Values(End::kStop, End::kDeath),
                         [](const auto& info) {
                           return info.param == End::kStop ? "AfterAStop" : "AfterADeath";
                         });

// 'file' cannot be read in a life in which its owner is deleted; in the next one it could be.
void ExpectGoneForGood(const std::string& file) {
  TwoStreams world;
  TellAndDie(&world);
  const std::string whole = *world.driver.disk().Contents(file);
  world.driver.disk().Put(file, "rubbish");

  world.Boot();
  const bool is_consumer = file.find("/obs/") != std::string::npos;
  const WritePoint point =
      is_consumer ? world.storage().DeleteConsumer(world.storage().ConsumersOf(world.id(0)).at(0))
                  : world.storage().DeleteStream(world.id(0));
  EXPECT_FALSE(world.storage().durable().Covers(point));
  while (!world.storage().durable().Covers(point)) {
    world.storage().EndOfStep(world.driver.now());
    world.storage().OnDisk(world.driver.now(), *world.driver.Step());
  }
  world.Die();
  ASSERT_TRUE(world.driver.disk().Contents(file));  // Nobody has come to remove it.

  world.driver.disk().Put(file, whole);
  world.Boot();
  EXPECT_TRUE(world.storage().ConsumersOf(world.id(0)).empty());
  EXPECT_EQ(world.stream(0).State().msgs, is_consumer ? kTold : 0);
  for (const std::string& notice : world.storage().TakeNotices()) ADD_FAILURE() << notice;
  world.Stop();
  world.Boot();
  for (const std::string& notice : world.storage().TakeNotices()) ADD_FAILURE() << notice;
  world.Die();
}

TEST(FailedStore, AStreamThatIsDeletedIsGoneForGood) {
  ExpectGoneForGood("A/streams/S0/msgs/checkpoint");
}

TEST(FailedStore, AConsumerThatIsDeletedIsGoneForGood) {
  ExpectGoneForGood("A/streams/S0/obs/C/o.dat");
}

// It has nothing: what is in its directory is its predecessor's, and that is not gone yet.
TEST(FailedStore, OneThatStillWaitedIsGoneWithItsPredecessor) {
  TwoStreams world;
  world.Put(0);
  world.Settle();
  StoreConfig config;
  config.name = "S0";
  const WritePoint point = world.storage().DeleteStream(world.id(0));
  const uint32_t next = world.storage().AddStream("A/streams/S0", config);
  EXPECT_FALSE(world.storage().consumers_ready(next));
  EXPECT_EQ(world.storage().DeleteStream(next), point);
  EXPECT_EQ(world.storage().stream(next), nullptr);
  world.Settle();
  EXPECT_TRUE(world.storage().swept());
  for (const std::string& path : world.driver.disk().Files()) {
    EXPECT_FALSE(path.starts_with("A/streams/S0/")) << path;
  }
  world.Stop();
  world.Boot();
  EXPECT_EQ(world.stream(0).State().msgs, 0u);
  for (const std::string& notice : world.storage().TakeNotices()) ADD_FAILURE() << notice;
  world.Die();
}

// A purge that was cut off is gone on with at a start, and waits for room that there never will be.
TEST(FailedStore, AStartThatWaitsForRoomCanBeStopped) {
  TwoStreams world;
  for (int i = 0; i < 15; ++i) world.Put(0, 2000);
  world.Settle();
  world.Die();
  world.driver.disk().Put("A/streams/S0/msgs/checkpoint", "rubbish");
  world.Boot();
  ASSERT_TRUE(world.stream(0).Failure());
  for (int i = 0; i < 400 && !world.storage().full(); ++i) {
    world.Put(1, 2000);
    world.Settle();
  }
  ASSERT_TRUE(world.storage().full());
  Purge job;
  job.filter = "a";
  job.keep = 1;
  EXPECT_EQ(world.stream(1).Run(world.driver.now(), job), Progress::kWait);
  world.Settle();
  world.Die();
  world.Boot(Storage::State::kStarting);
  world.Stop();
  world.Boot(Storage::State::kStarting);
  world.Die();
}

// As long a name as a directory can have.
TEST(FailedStore, ALongNameCanBeDeleted) {
  TwoStreams world;
  StoreConfig config;
  config.name = std::string(255, 'n');
  const uint32_t id = world.storage().AddStream("A/streams/" + config.name, config);
  world.Settle();
  ASSERT_FALSE(world.storage().stream(id)->Failure());
  (void)world.storage().DeleteStream(id);
  world.Settle();
  for (const std::string& path : world.driver.disk().Files()) {
    EXPECT_EQ(path.find("nnn"), std::string::npos) << path;
  }
  world.Stop();
}

// Two with the same records in the journal would free and replay each other's.
TEST(FailedStore, ADirectoryThatWasCopiedIsRefused) {
  TwoStreams world;
  for (uint64_t i = 1; i <= kTold; ++i) world.Put(0);
  world.Settle();
  world.Die();
  world.Copy("B/streams/S0");
  const auto expect_refused = [&](const file::FileStore& copy) {
    EXPECT_EQ(copy.Failure().value_or(""),
              "stream 'S0': 'B/streams/S0' is a copy of 'A/streams/S0'");
  };
  world.Boot();
  expect_refused(world.copy());
  EXPECT_EQ(world.stream(0).State().msgs, kTold);
  world.Die();
  // Also one that comes later.
  const std::string copied_to = std::exchange(world.copied_to, "");
  world.Boot();
  world.copied_to = copied_to;
  const uint32_t late = world.AddCopy();
  world.Settle();
  expect_refused(*world.storage().stream(late));
  EXPECT_EQ(world.stream(0).State().msgs, kTold);
  world.Put(0);
  world.Settle();
  world.Stop();
}

TEST(FailedStore, AConsumerIsMissedThoughThereIsNoFolderOfAny) {
  TwoStreams world;
  TellAndDie(&world);
  (void)world.driver.Run(world.driver.queue().RemoveTree("A/streams/S0/obs"));
  world.Boot();
  EXPECT_EQ(world.storage().TakeNotices(),
            std::vector<std::string>{"consumer 'S0 > C', A/streams/S0/obs/C: it is gone, and the "
                                     "journal has 11 records of it; they are lost"});
  EXPECT_EQ(world.stream(0).State().msgs, kTold);
  world.Die();
}

// Whoever is found first; also after a clean stop, when both streams run.
TEST(FailedStore, TheConsumersOfADirectoryThatWasCopiedAreRefused) {
  for (const bool copy_first : {false, true}) {
    for (const End end : {End::kDeath, End::kStop}) {
      TwoStreams world;
      TellAndDie(&world);
      if (end == End::kStop) {
        world.Boot();
        world.Stop();
      }
      world.Copy("B/streams/S0");
      world.copy_first = copy_first;
      world.Boot();
      EXPECT_EQ(world.copy().Failure().has_value(), end == End::kDeath);
      EXPECT_EQ(world.consumer().Failure().value_or(""), "");
      EXPECT_EQ(world.consumer().State().delivered.consumer, kTold);
      EXPECT_EQ(world.copied_consumer().Failure().value_or(""),
                "consumer 'S0 > C': o.dat, offset 0: a copy of another consumer's");
      world.Die();
    }
  }
}

}  // namespace
}  // namespace dunlin
