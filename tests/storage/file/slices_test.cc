// What grows with a store is done bit by bit: no call removes, pays or drops more than a slice has
// room for, and what is left over is done by the calls that follow. Work is counted, never timed.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

constexpr int kSlice = 64;
// A removal costs as much as four looks. A turn of the world is two steps: a deadline and Work().
constexpr uint64_t kRemovals = kSlice / 4 + 1, kRemovalsPerTurn = 4 * kRemovals;

FileStoreOptions SmallSlices() {
  FileStoreOptions options;
  options.limits.block_bytes = 4u << 10;
  options.limits.records_per_slice = kSlice;
  return options;
}

// Turns until nothing is left to do; the most messages that went in one of them.
uint64_t MostPerTurn(FileWorld* world) {
  uint64_t most = 0;
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t before = world->store().State().msgs;
    const bool moved = world->Turn();
    most = std::max(most, before - world->store().State().msgs);
    if (!moved && world->store().idle()) break;
  }
  EXPECT_TRUE(world->store().idle());
  return most;
}

void Fill(FileWorld* world, int messages, int subjects) {
  for (int i = 0; i < messages; ++i) {
    world->Put("s." + std::to_string(100 + i % subjects), std::string(40, 'x'));
    if (i % 100 == 99) world->Settle();
  }
  world->Checkpoint();
}

StoreConfig Config(FileWorld* world) { return world->options.config; }

TEST(StoreSlices, AnyLimitThatIsLowered) {
  const auto lower = [](auto change) {
    FileWorld world(SmallSlices());
    Fill(&world, 2'000, 500);
    StoreConfig config = Config(&world);
    change(&config);
    ASSERT_TRUE(world.store().UpdateConfig(world.now(), config).ok());
    EXPECT_GE(world.store().State().msgs, 2'000 - kRemovals);
    EXPECT_LE(MostPerTurn(&world), kRemovalsPerTurn);
    EXPECT_EQ(world.store().State().msgs, 500u);
    EXPECT_EQ(world.store().State().first_seq, 1'501u);
    world.store().CheckInvariants();
  };
  lower([](StoreConfig* config) { config->max_msgs_per_subject = 1; });
  lower([](StoreConfig* config) { config->max_msgs = 500; });
  const auto bytes = static_cast<int64_t>(500 * FileMsgBytes(5, 0, 40));
  lower([&](StoreConfig* config) { config->max_bytes = bytes; });
}

// Each block is read once, however many subjects lie in it, and however few blocks a cache holds.
TEST(StoreSlices, AnotherLimitForEachSubjectReadsABlockOnce) {
  FileStoreOptions options = SmallSlices();
  options.limits.reader.cache_bytes_max = 8u << 10;
  FileWorld world(options);
  Fill(&world, 6'000, 1'500);
  world.Reopen();
  StoreConfig config = Config(&world);
  config.max_msgs_per_subject = 1;
  const uint64_t before = world.bytes_seen;
  ASSERT_TRUE(world.store().UpdateConfig(world.now(), config).ok());
  world.Settle();
  EXPECT_EQ(world.store().State().msgs, 1'500u);
  EXPECT_EQ(world.store().State().first_seq, 4'501u);
  constexpr uint64_t kAll = 6'000 * 80;  // Opened and read, and read once more to be rewritten.
  EXPECT_LE(world.bytes_seen - before, 3 * kAll);
}

// Those that were taken over come before a job: a truncate makes their sequences anew.
TEST(StoreSlices, DeletionsThatAreTakenOver) {
  FileWorld world(SmallSlices());
  Fill(&world, 2'000, 10);
  world.SyncDeleted({{100, 100}, {500, 1'999}, {2'000, 3'000}});
  EXPECT_GE(world.store().State().msgs, 2'000 - kRemovals);
  EXPECT_FALSE(world.store().idle());
  Truncate truncate;
  truncate.seq = 1'000;
  EXPECT_NE(world.store().Run(world.now(), truncate), Progress::kDone);
  EXPECT_LE(MostPerTurn(&world), kRemovalsPerTurn);
  EXPECT_EQ(world.store().State().msgs, 498u);
  ASSERT_TRUE(world.Run(truncate));
  EXPECT_EQ(world.Put("s.new"), 1'001u);
  MostPerTurn(&world);
  EXPECT_EQ(world.Load(1'001), "s.new:1001 x");
  EXPECT_EQ(world.Load(100), "deleted message");
  EXPECT_EQ(world.store().State().msgs, 499u);
}

TEST(StoreSlices, DeletionsThatAreTakenOverBeforeAStop) {
  FileWorld world(SmallSlices());
  Fill(&world, 1'000, 10);
  world.SyncDeleted({{1, 900}});
  EXPECT_GT(world.store().State().msgs, 800u);
  world.store().Stop(world.now());
  world.TurnWhile(FileStore::Phase::kStopping);
  EXPECT_EQ(world.store().State().msgs, 100u);
}

// Their records are not in memory: what they have to say is not remembered without bound.
TEST(StoreSlices, DeletionsOfWhatIsNotCached) {
  FileStoreOptions options = SmallSlices();
  options.limits.reader.cache_bytes_max = 0;
  FileWorld world(options);
  Fill(&world, 5'000, 10);
  world.SyncDeleted({{1, 4'990}});
  uint64_t most = 0;
  for (int i = 0; i < 20'000 && !world.store().idle(); ++i) {
    most = std::max(most, world.store().index().unsettled);
    world.Turn();
  }
  EXPECT_LE(most, 1'024u);
  EXPECT_EQ(world.store().State().msgs, 10u);
  EXPECT_EQ(world.store().State().num_subjects, 10u);
  world.store().CheckInvariants();
}

TEST(StoreSlices, ATruncate) {
  FileWorld world(SmallSlices());
  Fill(&world, 2'000, 10);
  Truncate truncate;
  truncate.seq = 3;
  uint64_t most = 0;
  Progress progress = Progress::kMore;
  for (int i = 0; i < 10'000 && progress != Progress::kDone; ++i) {
    const uint64_t before = world.store().State().msgs;
    progress = world.store().Run(world.now(), truncate);
    most = std::max(most, before - world.store().State().msgs);
    ASSERT_NE(progress, Progress::kFailed);
    world.Turn();
  }
  EXPECT_LE(most, kRemovals);
  EXPECT_EQ(world.store().State().msgs, 3u);
  EXPECT_EQ(world.store().State().last_seq, 3u);
}

// To find them takes so many calls, and to put them in order as many again.
TEST(StoreSlices, TheLastsOfManySubjects) {
  FileWorld world(SmallSlices());
  constexpr int kSubjects = 1'500;
  for (int i = 0; i < kSubjects; ++i) world.Put("s." + std::to_string(i * 7'919 % kSubjects), "x");
  world.Settle();
  MultiLast request;
  request.filters = {"s.*"};
  int calls = 1;
  for (; world.store().Run(request) == Progress::kMore; ++calls) {
  }
  EXPECT_GE(calls, 2 * kSubjects / kSlice);
  ASSERT_EQ(request.seqs.size(), size_t{kSubjects});
  for (Seq seq = 1; seq <= kSubjects; ++seq) ASSERT_EQ(request.seqs[seq - 1], seq);
}

TEST(StoreSlices, AgeAndTtl) {
  for (const bool ttl : {false, true}) {
    FileWorld world(SmallSlices());
    StoreConfig config = Config(&world);
    config.allow_msg_ttl = true;
    if (!ttl) config.max_age = Seconds(1'000);
    ASSERT_TRUE(world.store().UpdateConfig(world.now(), config).ok());
    for (int i = 0; i < 1'000; ++i) {
      world.Put("s", "x", ttl ? "NATS/1.0\r\nNats-TTL: 1000\r\n\r\n" : "", ttl ? 1'000 : 0);
    }
    world.Settle();
    world.driver.Advance(Seconds(2'000));
    EXPECT_LE(MostPerTurn(&world), kRemovalsPerTurn);
    EXPECT_EQ(world.store().State().msgs, 0u);
  }
}

// Files of blocks that nothing lives in any more go some at a time.
TEST(StoreSlices, FilesOfDroppedBlocks) {
  FileStoreOptions options = SmallSlices();
  options.limits.block_bytes = 512;
  options.limits.writer.removes_max = 3;
  FileWorld world(options);
  Fill(&world, 1'000, 10);
  ASSERT_GT(world.BlockFiles().size(), 100u);
  ASSERT_EQ(world.Purge(), 1'000u);
  for (int i = 0; i < 10'000; ++i) {
    const size_t before = world.BlockFiles().size();
    ASSERT_LE(world.driver.disk().in_flight(), 8u);
    if (!world.Turn() && world.store().idle()) break;
    ASSERT_LE(before, world.BlockFiles().size() + 3);
  }
  EXPECT_LE(world.BlockFiles().size(), 2u);
}

// --- A block that is written anew: looked through, compressed and encrypted some at a time.

constexpr int kMessages = 1'500, kInFirst = 900;  // At least so many of them in the first block.

FileStoreOptions OneLargeBlock() {
  FileStoreOptions options = SmallSlices();
  options.limits.block_bytes = 96u << 10;
  return options;
}

std::string Payload(Seq seq) { return "payload " + std::to_string(1'000'000 + seq); }

// Of the first block's messages three of four are gone, and it wants to be rewritten.
void MakeSparse(FileWorld* world) {
  for (Seq seq = 1; seq <= kMessages; ++seq) {
    world->Put("s." + std::to_string(seq), Payload(seq) + std::string(50, '.'));
    if (seq % 100 == 0) world->Settle();
  }
  ASSERT_GE(world->store().index().blocks[0]->msgs, uint64_t{kInFirst});
  for (Seq seq = 1; seq <= kInFirst; ++seq) {
    if (seq % 4 == 1) continue;
    ASSERT_TRUE(world->Remove(seq));
  }
  world->Settle();  // The block may be written anew once a checkpoint has passed it.
  world->store().WantCheckpoint();
}

uint64_t FirstBlockBytes(FileWorld* world) { return world->Bytes("1.blk").size(); }

TEST(StoreSlices, ABlockIsLookedThroughSomeRecordsAtATime) {
  FileWorld world(OneLargeBlock());
  MakeSparse(&world);
  int turns = 0;
  const uint64_t before = world.store().index().blocks[0]->raw_bytes;
  while (FirstBlockBytes(&world) != before) ASSERT_LT(++turns, 1'000);
  for (turns = 0; FirstBlockBytes(&world) > before / 2; ++turns) {
    world.Turn();
    ASSERT_LT(turns, 1'000);
  }
  EXPECT_GE(turns, kInFirst / kSlice / 2);
  EXPECT_EQ(world.Load(5), "s.5:5 " + Payload(5) + std::string(50, '.'));
}

// Whatever happens while it is looked through, at any time: what lives is there, what was removed
// stays away, and what was erased is not in the file.
void WhileABlockIsRewritten(void (*happens)(FileWorld*), std::vector<Seq> gone, bool erased) {
  for (int turns = 0; turns < 60; turns += 2) {
    FileWorld world(OneLargeBlock());
    MakeSparse(&world);
    for (int i = 0; i < turns; ++i) world.Turn();
    happens(&world);
    MostPerTurn(&world);
    world.Checkpoint();
    for (const bool again : {false, true}) {
      if (again) world.ReopenWithoutIndexes();
      world.store().CheckInvariants();
      for (const Seq seq : gone) {
        EXPECT_FALSE(world.Load(seq).starts_with("s.")) << seq << " after turn " << turns;
        if (!erased) continue;
        for (const std::string& name : world.BlockFiles()) {
          EXPECT_EQ(world.Bytes(name).find(Payload(seq)), std::string::npos)
              << seq << " after turn " << turns;
        }
      }
      EXPECT_TRUE(world.Load(9).starts_with("s.9:9 ")) << "after turn " << turns;
      EXPECT_TRUE(world.Load(10).starts_with("deleted")) << "after turn " << turns;
    }
  }
}

TEST(StoreSlices, RemovalsWhileABlockIsRewritten) {
  WhileABlockIsRewritten(
      [](FileWorld* world) {
        for (const Seq seq : {13, 897, 1'400}) ASSERT_TRUE(world->Remove(seq));
      },
      {13, 897, 1'400}, false);
}

TEST(StoreSlices, ErasesWhileABlockIsRewritten) {
  WhileABlockIsRewritten(
      [](FileWorld* world) {
        for (const Seq seq : {13, 897}) ASSERT_TRUE(world->store().Erase(world->now(), seq).ok());
      },
      {13, 897}, true);
}

TEST(StoreSlices, ATruncateWhileABlockIsRewritten) {
  WhileABlockIsRewritten(
      [](FileWorld* world) {
        Truncate truncate;
        truncate.seq = 500;
        ASSERT_TRUE(world->Run(truncate));
      },
      {501, 505, 897, 1'400}, false);
}

TEST(StoreSlices, AStopWhileABlockIsRewritten) {
  WhileABlockIsRewritten([](FileWorld* world) { world->ReopenWithoutIndexes(); }, {2}, false);
}

TEST(StoreSlices, AKillWhileABlockIsRewritten) {
  WhileABlockIsRewritten([](FileWorld* world) { world->Crash(sim::CrashKind::kKill); }, {2}, false);
}

TEST(StoreSlices, APurgeWhileABlockIsRewritten) {
  for (int turns = 0; turns < 60; turns += 2) {
    FileWorld world(OneLargeBlock());
    MakeSparse(&world);
    for (int i = 0; i < turns; ++i) world.Turn();
    world.Purge();
    MostPerTurn(&world);
    EXPECT_EQ(world.Put("s.new"), Seq{kMessages + 1});
    world.Checkpoint();
    EXPECT_LE(world.BlockFiles().size(), 2u);
    world.ReopenWithoutIndexes();
    EXPECT_EQ(world.store().State().msgs, 1u);
  }
}

// A block that was read is looked at 2,048 records at a time.
TEST(StoreSlices, ABlockWhileOpening) {
  FileStoreOptions options;
  options.limits.block_bytes = 1u << 20;
  FileWorld world(options);
  constexpr size_t kSubjects = 10'000;
  for (size_t i = 0; i < kSubjects; ++i) {
    world.Put("s." + std::to_string(i));
    if (i % 500 == 499) world.Settle();
  }
  world.Checkpoint();
  world.Crash(sim::CrashKind::kKill, FileWorld::Up::kNo);
  FileStore& store = world.Begin();
  size_t most = 0;
  for (int i = 0; i < 10'000 && store.phase() == FileStore::Phase::kOpening; ++i) {
    const size_t before = store.index().subjects.size();
    world.Turn();
    most = std::max(most, store.index().subjects.size() - before);
  }
  EXPECT_LE(most, 2u * 2'048);
  EXPECT_GT(store.index().subjects.size(), kSubjects / 2);
}

}  // namespace
}  // namespace dunlin::file
