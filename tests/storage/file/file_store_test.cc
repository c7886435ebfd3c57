// The block store: what is stored is there, in memory, from blocks, and after every kind of end.
#include "storage/file/file_store.h"

#include <gtest/gtest.h>

#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

using sim::CrashKind;

FileStoreOptions SmallBlocks(uint64_t bytes = 1000) {
  FileStoreOptions options;
  options.limits.block_bytes = bytes;
  return options;
}

TEST(FileStore, GivesOutWhatWasStored) {
  FileWorld world;
  EXPECT_EQ(world.Put("a", "one"), 1u);
  EXPECT_EQ(world.Put("b.c", "two", "NATS/1.0\r\nK: v\r\n\r\n"), 2u);
  EXPECT_EQ(world.Load(1), "a:1 one");
  EXPECT_EQ(world.Load(2), "b.c:2 two");
  EXPECT_EQ(world.Load(3), "stream store EOF");
  const StreamState state = world.store().State();
  EXPECT_EQ(state.msgs, 2u);
  EXPECT_EQ(state.first_seq, 1u);
  EXPECT_EQ(state.last_seq, 2u);
  EXPECT_EQ(state.num_subjects, 2u);
  EXPECT_EQ(state.bytes, FileMsgBytes(1, 0, 3) + FileMsgBytes(3, 18, 3));
}

TEST(FileStore, OpensAgainFromBlocksAfterACleanStop) {
  FileWorld world(SmallBlocks());
  for (int i = 0; i < 100; ++i) world.Put("a." + std::to_string(i % 7), std::to_string(i));
  const StreamState before = world.store().State();
  world.Reopen();
  EXPECT_EQ(world.store().State(), before);
  EXPECT_EQ(world.Load(1), "a.0:1 0");
  EXPECT_EQ(world.Load(100), "a.1:100 99");
  EXPECT_TRUE(world.notices.empty());
  EXPECT_EQ(world.Put("a.0"), 101u);
}

TEST(FileStore, LeavesNoFileOfItsOwnBehindAfterACleanStop) {
  FileWorld world;
  world.Put("a");
  world.StopClean();
  EXPECT_EQ(world.Files(), std::vector<std::string>{"1.blk"});
  world.Boot();
}

TEST(FileStore, TakesNothingOnceItIsStopped) {
  FileWorld world;
  world.Put("a");
  world.Settle();
  world.store().Stop(world.now());
  const auto refused = [&] {
    EXPECT_EQ(world.store().Store(world.now(), "a", "", "no work", 0).error, StoreError::kClosed);
    EXPECT_EQ(world.store().Remove(world.now(), 1).error, StoreError::kClosed);
  };
  refused();
  world.Settle();
  EXPECT_EQ(world.store().phase(), FileStore::Phase::kStopped);
  refused();
  world.Boot();
  EXPECT_EQ(world.store().State().last_seq, 1u);
}

TEST(FileStore, HasEverythingTheJournalMadeDurableAfterACrash) {
  for (const CrashKind kind : {CrashKind::kKill, CrashKind::kPowerLoss}) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      FileWorld world(SmallBlocks(), seed);
      for (int i = 0; i < 50; ++i) {
        world.Put("a." + std::to_string(i % 3), std::to_string(i));
        if (i % 20 == 7) world.store().WantCheckpoint();
        if (i % 3 == 0) world.Turn();
      }
      world.Settle();
      const StreamState before = world.store().State();
      world.Crash(kind);
      ASSERT_EQ(world.store().State(), before) << seed;
      for (Seq seq = 1; seq <= 50; ++seq) {
        ASSERT_EQ(world.Load(seq), "a." + std::to_string((seq - 1) % 3) + ":" +
                                       std::to_string(seq) + " " + std::to_string(seq - 1));
      }
      ASSERT_TRUE(world.notices.empty());
    }
  }
}

TEST(FileStore, WritesNoBlockBytesBeforeTheJournalHasThem) {
  FileStoreOptions options;
  options.limits.writer.write_bytes_min = 1;
  FileWorld world(options);
  world.journal.held = true;
  world.Put("a");
  world.Settle();
  const auto held = world.driver.disk().Contents("S/msgs/1.blk");
  EXPECT_TRUE(!held || held->empty());
  world.journal.held = false;
  world.Settle();
  EXPECT_EQ(world.driver.disk().Contents("S/msgs/1.blk")->size(), FileMsgBytes(1, 0, 1));
}

TEST(FileStore, RecordsThatComeAgainChangeNothing) {
  FileWorld world(SmallBlocks());
  world.journal.keep_passed = true;
  for (int i = 0; i < 60; ++i) world.Put("a", std::to_string(i));
  world.Remove(10);
  world.Checkpoint();
  world.Put("a", "last");
  world.Settle();
  const StreamState before = world.store().State();
  for (int i = 0; i < 3; ++i) {
    world.Crash(CrashKind::kPowerLoss);
    EXPECT_EQ(world.store().State(), before);
    EXPECT_TRUE(world.notices.empty());
  }
}

TEST(FileStore, RemovesAtTheFrontAndInTheMiddle) {
  FileWorld world(SmallBlocks());
  for (int i = 1; i <= 30; ++i) world.Put("a", std::to_string(i));
  EXPECT_TRUE(world.Remove(1));
  EXPECT_TRUE(world.Remove(15));
  EXPECT_FALSE(world.Remove(15));
  EXPECT_TRUE(world.Remove(30));
  const StreamState state = world.store().State();
  EXPECT_EQ(state.msgs, 27u);
  EXPECT_EQ(state.first_seq, 2u);
  EXPECT_EQ(state.last_seq, 30u);
  EXPECT_EQ(state.num_deleted, 2u);
  EXPECT_EQ(world.store().Deleted(), (std::vector<SeqRange>{{15, 15}, {30, 30}}));
  EXPECT_EQ(world.Load(15), "deleted message");
  EXPECT_EQ(world.Load(1), "no message found");
  world.Settle();
  world.Crash(CrashKind::kPowerLoss);
  EXPECT_EQ(world.store().State(), state);
  world.Reopen();
  EXPECT_EQ(world.store().State(), state);
  EXPECT_EQ(world.store().Deleted(), (std::vector<SeqRange>{{15, 15}, {30, 30}}));
}

TEST(FileStore, NeverUsesASequenceAgainWhenAllIsGone) {
  FileWorld world(SmallBlocks(200));
  for (int round = 0; round < 3; ++round) {
    const Seq first = world.store().State().last_seq + 1;
    for (int i = 0; i < 10; ++i) world.Put("a", "0123456789");
    for (Seq seq = first; seq < first + 10; ++seq) EXPECT_TRUE(world.Remove(seq));
    world.Settle();
    EXPECT_EQ(world.store().State().last_seq, first + 9);
    EXPECT_EQ(world.store().State().msgs, 0u);
    world.Crash(CrashKind::kPowerLoss);
    EXPECT_EQ(world.store().State().last_seq, first + 9);
    world.Checkpoint();
    world.Crash(CrashKind::kPowerLoss);
    EXPECT_EQ(world.store().State().last_seq, first + 9);
    EXPECT_EQ(world.store().State().first_seq, first + 10);
    world.Reopen();
    EXPECT_EQ(world.store().State().last_seq, first + 9);
    EXPECT_EQ(world.store().State().first_seq, first + 10);
  }
}

TEST(FileStore, DropsBlocksThatHoldNothing) {
  FileWorld world(SmallBlocks(200));
  for (int i = 0; i < 20; ++i) world.Put("a", "0123456789");
  world.Checkpoint();
  EXPECT_EQ(world.Files().size(), 6u);
  for (Seq seq = 1; seq <= 12; ++seq) world.Remove(seq);
  world.Settle();
  EXPECT_EQ(world.Files(), (std::vector<std::string>{"4.blk", "5.blk", "checkpoint"}));
}

TEST(FileStore, RemovesWhatIsNotInMemory) {
  FileStoreOptions options = SmallBlocks(200);
  options.limits.reader.cache_bytes_max = 0;
  FileWorld world(options);
  for (int i = 0; i < 20; ++i) world.Put("a." + std::to_string(i), "0123456789");
  world.Checkpoint();
  const uint64_t bytes = world.store().State().bytes;
  EXPECT_TRUE(world.Remove(7));
  EXPECT_TRUE(world.Remove(1));
  EXPECT_EQ(world.store().State().msgs, 18u);
  EXPECT_EQ(world.store().State().first_seq, 2u);
  CountPending count;
  EXPECT_TRUE(world.Run(count));
  EXPECT_EQ(count.total, 18u);
  world.Settle();
  EXPECT_EQ(world.store().State().num_subjects, 18u);
  EXPECT_EQ(world.store().State().bytes, bytes - 2 * FileMsgBytes(3, 0, 10));
  EXPECT_NE(world.store().State().first_time, WallTime{});
  world.store().CheckInvariants();
}

TEST(FileStore, PurgesEverythingAndKeepsTheLastSequence) {
  FileWorld world(SmallBlocks(200));
  for (int i = 0; i < 20; ++i) world.Put("a", "0123456789");
  world.Checkpoint();
  EXPECT_EQ(world.Purge(), 20u);
  world.Settle();
  StreamState state = world.store().State();
  EXPECT_EQ(state.msgs, 0u);
  EXPECT_EQ(state.bytes, 0u);
  EXPECT_EQ(state.first_seq, 21u);
  EXPECT_EQ(state.last_seq, 20u);
  world.Crash(CrashKind::kPowerLoss);
  EXPECT_EQ(world.store().State(), state);
  world.Reopen();
  EXPECT_EQ(world.store().State(), state);
  EXPECT_EQ(world.Put("a"), 21u);
}

TEST(FileStore, PurgesBySubjectWithKeepAndBound) {
  FileWorld world(SmallBlocks(200));
  for (int i = 0; i < 30; ++i) world.Put("s." + std::to_string(i % 3), "0123456789");
  EXPECT_EQ(world.Purge("s.1", 0, 4), 6u);
  EXPECT_EQ(world.Purge("s.0", 10, 0), 3u);
  EXPECT_EQ(TotalsOf(&world.store(), "s.1"),
            (std::vector<std::pair<std::string, uint64_t>>{{"s.1", 4}}));
  EXPECT_EQ(world.Purge("s.*"), 21u);
  EXPECT_EQ(world.store().State().msgs, 0u);
  EXPECT_EQ(world.store().State().last_seq, 30u);
  world.Settle();
  world.Crash(CrashKind::kKill);
  EXPECT_EQ(world.store().State().msgs, 0u);
  EXPECT_EQ(world.store().State().last_seq, 30u);
}

TEST(FileStore, APurgePausesWhileTheJournalIsFull) {
  FileStoreOptions options;
  options.limits.records_per_slice = 4;
  FileWorld world(options);
  for (int i = 0; i < 20; ++i) world.Put(i % 2 == 0 ? "a" : "b");
  world.Settle();
  Purge purge;
  purge.filter = "a";
  EXPECT_EQ(world.store().Run(world.now(), purge), Progress::kMore);
  world.journal.full = true;
  const uint64_t left = world.store().State().msgs;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(world.store().Run(world.now(), purge), Progress::kWait);
  EXPECT_EQ(world.store().State().msgs, left);
  // What makes room again does not wait for it.
  (void)world.store().TakeReady();
  EXPECT_TRUE(world.store().awaits_journal());
  const size_t records = world.journal.entries.size();
  world.Checkpoint();
  EXPECT_LT(world.journal.entries.size(), records);
  (void)world.store().TakeReady();
  world.journal.full = false;
  world.Turn();
  EXPECT_TRUE(world.store().TakeReady());
  while (world.store().Run(world.now(), purge) != Progress::kDone) world.Turn();
  EXPECT_EQ(purge.purged, 10u);
  EXPECT_EQ(world.store().State().msgs, 10u);
}

// A tombstone for each: of what expires, and of what another one's store says is deleted.
TEST(FileStore, ExpiryAndDeletionsPauseWhileTheJournalIsFull) {
  FileStoreOptions options;
  options.limits.records_per_slice = 4;
  options.config.allow_msg_ttl = true;
  FileWorld world(options);
  for (int i = 0; i < 40; ++i) {
    world.Put("a", "x", i % 2 == 0 ? "" : "NATS/1.0\r\nNats-TTL: 10\r\n\r\n", i % 2 == 0 ? 0 : 10);
  }
  world.Settle();
  world.journal.full = true;
  world.driver.Advance(Seconds(20));
  const size_t before = world.journal.entries.size();
  world.Settle();
  EXPECT_EQ(world.store().State().msgs, 40u);
  EXPECT_EQ(world.journal.entries.size(), before);
  world.journal.full = false;
  world.Settle();
  EXPECT_EQ(world.store().State().msgs, 20u);

  world.journal.full = true;
  world.SyncDeleted({{1, 40}});  // A slice of it at once.
  const uint64_t left = world.store().State().msgs;
  world.Settle();
  EXPECT_EQ(world.store().State().msgs, left);
  EXPECT_GT(left, 10u);
  world.journal.full = false;
  world.Settle();
  EXPECT_EQ(world.store().State().msgs, 0u);
  EXPECT_TRUE(world.store().idle());
}

// A process that has no room at its start goes on with what the last one began, when it has.
TEST(FileStore, APurgeThatWasCutOffIsFinishedByTheNextStart) {
  FileStoreOptions options;
  options.limits.records_per_slice = 4;
  for (const sim::CrashKind kind : {sim::CrashKind::kKill, sim::CrashKind::kPowerLoss}) {
    for (const bool checkpoint : {false, true}) {
      FileWorld world(options);
      for (int i = 0; i < 20; ++i) world.Put(i % 2 == 0 ? "a" : "b");
      Purge purge;
      purge.filter = "a";
      purge.keep = 3;
      for (int i = 0; i < 4; ++i) (void)world.store().Run(world.now(), purge);
      world.Settle();
      if (checkpoint) world.Checkpoint();
      EXPECT_GT(world.store().State().msgs, 13u);
      world.journal.full = true;
      world.Crash(kind, FileWorld::Up::kNo);
      world.Begin();
      world.TurnTimes(200);
      EXPECT_EQ(world.store().phase(), FileStore::Phase::kStarting);
      world.journal.full = false;
      world.Settle();
      EXPECT_EQ(world.store().phase(), FileStore::Phase::kRunning);
      EXPECT_EQ(world.store().State().msgs, 13u);
      EXPECT_EQ(world.Load(13), "deleted message");
      EXPECT_EQ(world.Load(15).substr(0, 4), "a:15");
    }
  }
}

TEST(FileStore, CompactsToASequence) {
  FileStoreOptions options = SmallBlocks(200);
  options.limits.reader.cache_bytes_max = 0;
  FileWorld world(options);
  for (int i = 0; i < 30; ++i) world.Put("s." + std::to_string(i % 3), "0123456789");
  world.Checkpoint();
  Compact compact;
  compact.seq = 18;
  EXPECT_TRUE(world.Run(compact));
  EXPECT_EQ(compact.purged, 17u);
  world.Settle();
  const StreamState state = world.store().State();
  EXPECT_EQ(state.first_seq, 18u);
  EXPECT_EQ(state.msgs, 13u);
  EXPECT_EQ(state.num_subjects, 3u);
  world.Crash(CrashKind::kPowerLoss);
  EXPECT_EQ(world.store().State(), state);
  world.Reopen();
  EXPECT_EQ(world.store().State(), state);
}

TEST(FileStore, TruncatesAndUsesTheSequencesAgain) {
  FileWorld world(SmallBlocks(200));
  for (int i = 1; i <= 30; ++i) world.Put("old", std::to_string(i));
  world.Remove(9);
  world.Checkpoint();
  Truncate truncate;
  truncate.seq = 10;
  EXPECT_TRUE(world.Run(truncate));
  StreamState state = world.store().State();
  EXPECT_EQ(state.msgs, 9u);
  EXPECT_EQ(state.last_seq, 10u);
  EXPECT_EQ(world.Put("new", "11"), 11u);
  EXPECT_EQ(world.Load(11), "new:11 11");
  world.Settle();
  state = world.store().State();
  for (int i = 0; i < 2; ++i) {
    world.Crash(CrashKind::kPowerLoss);
    EXPECT_EQ(world.store().State(), state);
    EXPECT_EQ(world.Load(11), "new:11 11");
    EXPECT_EQ(world.Load(12), "stream store EOF");
    EXPECT_EQ(world.Load(9), "deleted message");
    world.Checkpoint();
  }
}

TEST(FileStore, EnforcesLimitsOfMessagesBytesAndPerSubject) {
  FileStoreOptions options = SmallBlocks(300);
  options.config.max_msgs = 20;
  options.config.max_msgs_per_subject = 3;
  FileWorld world(options);
  for (int i = 0; i < 100; ++i) {
    world.Put("s." + std::to_string(i % 8), std::to_string(i));
    ASSERT_LE(world.store().State().msgs, 20u);
  }
  EXPECT_EQ(world.store().State().msgs, 20u);
  world.Settle();
  const StreamState before = world.store().State();
  const auto deleted = world.store().Deleted();
  world.Crash(CrashKind::kPowerLoss);
  EXPECT_EQ(world.store().State(), before);
  world.Reopen();
  EXPECT_EQ(world.store().State(), before);
  EXPECT_EQ(world.store().Deleted(), deleted);
}

TEST(FileStore, BringsNothingBackThatALimitRemoved) {
  FileStoreOptions options;
  options.config.max_msgs_per_subject = 2;
  FileWorld world(options);
  for (int i = 0; i < 3; ++i) world.Put("a", std::to_string(i));
  world.Put("b");
  EXPECT_TRUE(world.Remove(3));
  world.Reopen();  // The limit alone would let message 1 live again.
  EXPECT_EQ(world.store().State().msgs, 2u);
  EXPECT_EQ(world.store().State().first_seq, 2u);
}

TEST(FileStore, ReportsDamageAndReadsAroundIt) {
  FileWorld world(SmallBlocks(2000));
  for (int i = 0; i < 60; ++i) world.Put("a", std::string(100, 'x'));
  world.StopClean();
  world.driver.disk().Rot("S/msgs/1.blk", 600, 7);
  world.Boot();
  const std::vector<std::string> notices = world.notices;
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_TRUE(notices[0].starts_with("stream 'S', block 1, offset ")) << notices[0];
  LoadMsg load;
  load.seq = 5;
  EXPECT_FALSE(world.Run(load));
  EXPECT_EQ(load.error, StoreError::kFailed);
  EXPECT_TRUE(load.detail.starts_with("stream 'S', block 1, offset ")) << load.detail;
  EXPECT_EQ(world.Load(1).substr(0, 4), "a:1 ");
  EXPECT_EQ(world.Load(14).substr(0, 5), "a:14 ");
  EXPECT_EQ(world.Load(60).substr(0, 5), "a:60 ");
  EXPECT_EQ(world.Put("a"), 61u);
}

TEST(FileStore, WritesSparseBlocksAnew) {
  FileWorld world(SmallBlocks(1000));
  for (int i = 0; i < 60; ++i) world.Put("a", "0123456789");
  for (Seq seq = 2; seq <= 20; ++seq) world.Remove(seq);
  world.Checkpoint();
  world.Settle();
  EXPECT_LT(world.driver.disk().Contents("S/msgs/1.blk")->size(), 500u);
  const StreamState before = world.store().State();
  world.Crash(CrashKind::kPowerLoss);
  EXPECT_EQ(world.store().State(), before);
  EXPECT_EQ(world.Load(1), "a:1 0123456789");
  EXPECT_EQ(world.Load(21), "a:21 0123456789");
  EXPECT_TRUE(world.notices.empty());
}

TEST(FileStore, CompressesBlocksThatAreFull) {
  FileStoreOptions options = SmallBlocks(4000);
  options.config.compression = StoreCompression::kS2;
  options.limits.reader.cache_bytes_max = 0;
  FileWorld world(options);
  for (int i = 0; i < 60; ++i) world.Put("a", std::string(200, 'z'));
  world.Checkpoint();
  EXPECT_LT(world.driver.disk().Contents("S/msgs/1.blk")->size(), 1500u);
  EXPECT_EQ(world.Load(3), "a:3 " + std::string(200, 'z'));
  world.Remove(4);
  const StreamState before = world.store().State();
  world.Reopen();
  EXPECT_EQ(world.store().State(), before);
  EXPECT_EQ(world.Load(60), "a:60 " + std::string(200, 'z'));
  EXPECT_EQ(world.Put("a"), 61u);
}

TEST(FileStore, OverwritesWhatIsErasedByTheNextCheckpoint) {
  FileWorld world;
  world.Put("a", "public");
  world.Put("a", "secret");
  world.Put("a", "public");
  EXPECT_TRUE(world.store().Erase(world.now(), 2).ok());
  world.Settle();
  for (const std::string& name : world.Files()) {
    const auto bytes = world.driver.disk().Contents("S/msgs/" + name);
    EXPECT_EQ(bytes->find("secret"), std::string::npos) << name;
  }
  EXPECT_EQ(world.Load(2), "deleted message");
  EXPECT_EQ(world.Load(3), "a:3 public");
}

TEST(FileStore, RefusesAnEncryptedDirectory) {
  FileWorld world;
  world.Put("a");
  world.StopClean();
  world.driver.disk().Put("S/msgs/1.key", std::string(72, 'k'));
  DiskRoutes routes;
  FileStore store(world.options, StoreDisk(&world.driver.queue(), &routes, 1, "S"), &world.journal,
                  Rng(1));
  store.Open();
  while (const auto done = world.driver.Step()) {
    store.OnDisk(*done);
    store.Work(world.now());
  }
  EXPECT_EQ(store.phase(), FileStore::Phase::kFailed);
  EXPECT_EQ(*store.Failure(),
            "stream 'S', msgs/1.key, offset 0: encrypted store encountered with no main key");
  world.driver.disk().Delete("S/msgs/1.key");
  world.Boot();
}

TEST(FileStore, ExpiresByAge) {
  FileStoreOptions options = SmallBlocks(200);
  options.config.max_age = Seconds(10);
  FileWorld world(options);
  for (int i = 0; i < 10; ++i) {
    world.Put("a", "0123456789");
    world.driver.Advance(Seconds(1));
  }
  EXPECT_LE(world.store().NextDeadline(), world.now().mono + Seconds(1));
  world.driver.Advance(Seconds(5));
  world.store().OnDeadline(world.now());
  EXPECT_EQ(world.store().State().msgs, 4u);
  world.driver.Advance(Seconds(50));
  world.store().OnDeadline(world.now());
  world.Settle();
  EXPECT_EQ(world.store().State().msgs, 0u);
  EXPECT_EQ(world.store().State().last_seq, 10u);
}

}  // namespace
}  // namespace dunlin::file
