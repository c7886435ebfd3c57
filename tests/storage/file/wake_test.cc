// When a store asks for a step of its own: whoever has a thousand of them pays for each that does.
#include <gtest/gtest.h>

#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

// Whether storing this asks for Work().
bool Asks(FileWorld& world, std::string_view payload = "x", int64_t ttl = 0) {
  const uint64_t before = world.journal.wakes;
  world.Put("a", payload, "", ttl);
  return world.journal.wakes > before;
}

std::unique_ptr<FileWorld> AtRest(FileStoreOptions options) {
  auto world = std::make_unique<FileWorld>(std::move(options));
  world->Put("a");
  world->Settle();
  return world;
}

TEST(FileWake, WhatOnlyLiesThereAsksForNothing) {
  const auto world = AtRest({});
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Asks(*world));
}

TEST(FileWake, WhatIsEnoughToBeWrittenAsks) {
  FileStoreOptions options;
  options.limits.writer.write_bytes_min = 1000;
  const auto world = AtRest(options);
  EXPECT_FALSE(Asks(*world, std::string(400, 'x')));
  EXPECT_TRUE(Asks(*world, std::string(600, 'x')));
  world->Settle();
  EXPECT_FALSE(Asks(*world));
}

TEST(FileWake, AFullBlockAsks) {
  FileStoreOptions options;
  options.limits.block_bytes = 1000;
  const auto world = AtRest(options);
  EXPECT_FALSE(Asks(*world, std::string(600, 'x')));
  EXPECT_TRUE(Asks(*world, std::string(600, 'x')));
}

TEST(FileWake, ACheckpointThatIsDueAsks) {
  FileStoreOptions options;
  options.limits.checkpoint_bytes = 1000;
  const auto world = AtRest(options);
  EXPECT_TRUE(Asks(*world, std::string(1200, 'x')));
}

TEST(FileWake, ALimitThatIsReachedAsks) {
  FileStoreOptions options;
  options.config.max_msgs = 2;
  const auto world = AtRest(options);
  EXPECT_FALSE(Asks(*world));
  EXPECT_TRUE(Asks(*world));
}

TEST(FileWake, AsksWhenItWillExpireSomethingEarlier) {
  FileStoreOptions options;
  options.config.allow_msg_ttl = true;
  const auto world = AtRest(options);
  EXPECT_TRUE(Asks(*world, "x", 20));
  world->Settle();
  EXPECT_FALSE(Asks(*world, "x", 30));
  EXPECT_TRUE(Asks(*world, "x", 10));
}

TEST(FileWake, TheFirstOfAStreamWithAnAgeAsks) {
  FileStoreOptions options;
  options.config.max_age = Seconds(10);
  FileWorld world(options);
  world.Settle();
  EXPECT_TRUE(Asks(world));
  world.Settle();
  EXPECT_FALSE(Asks(world));
}

// When the first message was stored is in a block that cannot be read: it is looked for once.
TEST(FileWake, AFirstMessageThatCannotBeReadAsksForNothing) {
  FileStoreOptions options;
  options.limits.block_bytes = 300;
  options.limits.reader.cache_bytes_max = 0;
  options.limits.reader.pieces_max = 0;
  options.config.max_age = Seconds(100);
  FileWorld world(options);
  const WallTime begin = world.now().wall;
  for (int i = 0; i < 20; ++i) world.Put("a", std::string(40, 'x'));
  world.Checkpoint();
  std::string bytes = world.Bytes("1.blk");
  const size_t each = FileMsgBytes(1, 0, 40);
  bytes[2 * each - 1] = static_cast<char>(~bytes[2 * each - 1]);
  world.driver.disk().Put("S/msgs/1.blk", bytes);
  ASSERT_TRUE(world.Remove(1));
  EXPECT_FALSE(world.TurnTimes(1'000)) << "it asks for a step, and another one";
  EXPECT_EQ(world.store().State().first_seq, 2u);
  EXPECT_GT(world.store().NextDeadline(), world.now().mono + Seconds(90));
  const uint64_t wakes = world.journal.wakes;
  EXPECT_FALSE(world.TurnTimes(100));
  EXPECT_EQ(world.journal.wakes, wakes);
  EXPECT_FALSE(world.store().TakeNotices().empty());
  // No earlier than that of a message that comes after it, and not later than the last of its
  // block: by age it goes late, if at all.
  EXPECT_GT(world.store().State().first_time, begin);
  EXPECT_LE(world.store().State().first_time, begin + Millis(10));
  world.driver.Advance(Seconds(101));
  world.Due();
  EXPECT_EQ(world.store().State().msgs, 0u);
}

// A store in blocks of two messages, of which it has none in memory, and no file can be opened.
std::unique_ptr<FileWorld> WithoutDescriptors(StoreConfig config) {
  FileStoreOptions options;
  options.config = std::move(config);
  options.limits.block_bytes = 100;
  options.limits.reader.cache_bytes_max = 0;
  options.limits.reader.pieces_max = 0;
  auto world = std::make_unique<FileWorld>(std::move(options));
  for (int i = 0; i < 10; ++i) world->Put("a", std::string(17, 'x'), "", 100);
  world->Checkpoint();
  sim::DiskFaults faults;
  faults.too_many_files = {1'000'000, 1'000'000};
  world->driver.disk().SetFaults(faults);
  return world;
}

// It is not asked for a file in each step, but once a second until there is one.
void IsTriedNowAndThen(FileWorld* world) {
  for (int second = 0; second < 5; ++second) {
    EXPECT_FALSE(world->TurnTimes(1'000)) << "it asks for a step, and another one";
    EXPECT_FALSE(world->store().idle());
    const Instant next = world->store().NextDeadline();
    EXPECT_GT(next, world->now().mono + Millis(900));
    EXPECT_LE(next, world->now().mono + Seconds(1));
    const uint64_t wakes = world->journal.wakes;
    EXPECT_FALSE(world->TurnTimes(100));
    EXPECT_EQ(world->journal.wakes, wakes);
    world->driver.Advance(Seconds(1));
  }
  world->driver.disk().SetFaults({});
  EXPECT_FALSE(world->TurnTimes(1'000));
}

TEST(FileWake, WhatIsOwedToABlockWaitsForDescriptors) {
  const auto world = WithoutDescriptors({});
  ASSERT_TRUE(world->Remove(3));
  IsTriedNowAndThen(world.get());
  EXPECT_TRUE(world->store().idle());
  EXPECT_EQ(world->store().State().bytes, 9 * FileMsgBytes(1, 0, 17));
  EXPECT_TRUE(world->store().TakeNotices().empty());
}

TEST(FileWake, ATtlWaitsForDescriptors) {
  StoreConfig config;
  config.allow_msg_ttl = true;
  const auto world = WithoutDescriptors(config);
  world->driver.Advance(Seconds(101));
  EXPECT_FALSE(world->TurnTimes(1'000));
  EXPECT_EQ(world->store().State().msgs, 10u);
  EXPECT_GT(world->store().NextDeadline(), world->now().mono + Millis(900));
  world->driver.disk().SetFaults({});
  EXPECT_FALSE(world->TurnTimes(1'000));
  EXPECT_EQ(world->store().State().msgs, 10u);
  world->driver.Advance(Seconds(1));
  world->Due();
  EXPECT_EQ(world->store().State().msgs, 0u);
}

// A job's owner runs it again when the store says so: as often as the store tries.
TEST(FileWake, APurgeWaitsForDescriptors) {
  const auto world = WithoutDescriptors({});
  Purge purge;
  purge.filter = "a";
  int calls = 0;
  const auto run = [&](int turns) {
    Progress progress = Progress::kMore;
    bool ready = true;
    for (int i = 0; i < turns && progress != Progress::kDone; ++i) {
      if (ready) {
        ++calls;
        progress = world->store().Run(world->now(), purge);
      }
      world->Turn();
      ready = world->store().TakeReady() || progress == Progress::kMore;
    }
    return progress;
  };
  for (int second = 0; second < 5; ++second) {
    EXPECT_EQ(run(1'000), Progress::kWait);
    world->driver.Advance(Seconds(1));
  }
  EXPECT_LE(calls, 5 * 20);
  world->driver.disk().SetFaults({});
  EXPECT_EQ(run(1'000), Progress::kDone);
  EXPECT_EQ(purge.purged, 10u);
}

// That it was stored at the beginning of time is no reason to look for that again.
TEST(FileWake, AFirstMessageOfTimeZeroAsksForNothing) {
  FileStoreOptions options;
  options.limits.reader.cache_bytes_max = 0;
  FileWorld world(options);
  for (Seq seq = 1; seq <= 3; ++seq) {
    ASSERT_TRUE(world.store().StoreRaw(world.now(), "a", "", "x", seq, WallTime{}, 0).ok());
  }
  EXPECT_FALSE(world.TurnTimes(1'000)) << "it asks for a step, and another one";
  ASSERT_TRUE(world.Remove(1));
  EXPECT_FALSE(world.TurnTimes(1'000));
  EXPECT_EQ(world.store().NextDeadline(), kNever);
}

// Whatever becomes durable last: the checkpoint, or the meta file. Nobody calls a store that has
// not asked to be called.
TEST(FileWake, AStartGoesOnWhateverIsDurableLast) {
  FileStoreOptions options;
  options.config.max_msgs_per_subject = 2;
  options.config.max_msgs = 5;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    FileWorld world(options, seed);
    EXPECT_EQ(world.store().phase(), FileStore::Phase::kRunning) << "seed " << seed;
  }
}

}  // namespace
}  // namespace dunlin::file
