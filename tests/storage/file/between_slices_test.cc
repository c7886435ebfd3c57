// What happens to a store between two runs of one request, or of one job: neither is held up by it,
// and neither leaves something behind that is not so any more.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/storage/file/file_forms.h"

namespace dunlin::file {
namespace {

const char kNeverExpires[] = "NATS/1.0\r\nNats-TTL: never\r\n\r\n";

// Blocks of some nine messages each, of which only the one that was asked for last is in memory.
FileStoreOptions NothingCached() {
  FileStoreOptions options;
  options.limits.block_bytes = 300;
  options.limits.reader.cache_bytes_max = 0;
  options.limits.reader.pieces_max = 0;
  return options;
}

bool IsCached(FileWorld& world, Seq seq) {
  return world.store().index().Find(seq)->cache != nullptr;
}

// --- LoadLast

constexpr Seq kOld = 90, kNew = 101;

// A hundred messages: that with sequence kOld on "a", the others each on a subject of its own.
std::unique_ptr<FileWorld> WithOneA(FileStoreOptions options) {
  auto world = std::make_unique<FileWorld>(std::move(options));
  for (Seq seq = 1; seq < kNew; ++seq) world->Put(seq == kOld ? "a" : "b." + std::to_string(seq));
  world->Checkpoint();
  EXPECT_FALSE(IsCached(*world, kOld));
  return world;
}

// Whoever asks now is told of the one that was stored last.
void ExpectTheNewOne(FileWorld& world) {
  LoadLast last;
  last.subject = "a";
  EXPECT_TRUE(world.Run(last));
  EXPECT_EQ(last.msg.seq, kNew);
  LoadMatch match;
  match.filters = {"a"};
  match.from = kOld + 1;
  EXPECT_TRUE(world.Run(match));
  EXPECT_EQ(match.msg.seq, kNew);
  CountPending count;
  count.filters = {"a"};
  count.from = kOld + 1;
  EXPECT_TRUE(world.Run(count));
  EXPECT_EQ(count.total, 1u);
}

TEST(FileBetweenSlices, WhatIsStoredWhileTheLastIsLookedForIsTheLast) {
  const auto owned = WithOneA(NothingCached());
  FileWorld& world = *owned;
  LoadLast last;
  last.subject = "a";
  ASSERT_EQ(world.store().Run(last), Progress::kWait);
  ASSERT_EQ(world.Put("a"), kNew);
  ASSERT_TRUE(world.Run(last));
  EXPECT_TRUE(last.msg.seq == kOld || last.msg.seq == kNew) << last.msg.seq;
  ExpectTheNewOne(world);
  world.Settle();
  ExpectTheNewOne(world);
}

// The new one takes the place of the old one. Whether the request comes first to the block or the
// store itself, the subject has a message at any time.
TEST(FileBetweenSlices, WhatTakesThePlaceOfTheLastWhileThatIsLookedForIsTheLast) {
  for (const int runs_per_turn : {1, 10}) {
    SCOPED_TRACE(runs_per_turn);
    FileStoreOptions options = NothingCached();
    options.config.max_msgs_per_subject = 1;
    options.limits.reader.index_bytes_per_slice = 100;
    const auto owned = WithOneA(options);
    FileWorld& world = *owned;
    LoadLast last;
    last.subject = "a";
    ASSERT_EQ(world.store().Run(last), Progress::kWait);
    ASSERT_EQ(world.Put("a"), kNew);
    Progress progress = Progress::kWait;
    const auto runs_on = [&] { return progress == Progress::kWait || progress == Progress::kMore; };
    for (int turns = 0; turns < 1'000 && runs_on(); ++turns) {
      for (int i = 0; i < runs_per_turn && runs_on(); ++i) progress = world.store().Run(last);
      if (runs_on()) world.Turn();
    }
    EXPECT_EQ(progress, Progress::kDone) << DescribeStoreError(last.error);
    EXPECT_TRUE(last.msg.seq == kOld || last.msg.seq == kNew) << last.msg.seq;
    world.Settle();
    EXPECT_EQ(world.Load(kOld), "deleted message");
    ExpectTheNewOne(world);
  }
}

// --- CountPending

// What is owed to a large block is paid in many slices after the last completion of the disk. The
// owner runs the request again when it is told to, and at no other time: so it is to be told, once
// all is paid.
TEST(FileBetweenSlices, ACountThatWaitsForADebtIsToldOfItsEnd) {
  constexpr int kMessages = 1'000;
  FileStoreOptions options;
  options.limits.block_bytes = 200'000;
  options.limits.reader.cache_bytes_max = 0;
  options.limits.reader.pieces_max = 0;
  options.limits.reader.index_bytes_per_slice = 1'000;
  FileWorld world(options);
  for (int i = 0; i < kMessages; ++i) world.Put("a", std::string(100, 'x'));
  world.Put("b", std::string(150'000, 'x'));  // In a block of its own.
  world.Checkpoint();
  ASSERT_EQ(world.store().index().blocks.size(), 2u);
  ASSERT_FALSE(IsCached(world, 1));
  ASSERT_TRUE(world.Remove(500));
  CountPending count;
  count.filters = {"a"};
  Progress progress = Progress::kMore;
  bool ready = true;
  for (int turns = 0; turns < 10'000 && progress != Progress::kDone; ++turns) {
    if (ready) progress = world.store().Run(count);
    ASSERT_NE(progress, Progress::kFailed);
    world.Turn();  // Work() if the store has asked for it, OnDeadline() if it is due.
    ready = world.store().TakeReady() || progress == Progress::kMore;
  }
  EXPECT_EQ(progress, Progress::kDone);
  EXPECT_EQ(world.store().index().unsettled, 0u);
  EXPECT_EQ(count.total, uint64_t{kMessages - 1});
}

// --- MultiLast

// How far the search for one subject's last message came is not where that of another one begins:
// neither if the first subject got a new one meanwhile, nor if it is gone.
TEST(FileBetweenSlices, TheLastOfASubjectIsLookedForFromItsOwnEnd) {
  for (const bool stored : {true, false}) {
    SCOPED_TRACE(stored ? "stored" : "gone");
    FileWorld world(NothingCached());
    for (Seq seq = 1; seq <= 60; ++seq) {
      const bool a = seq == 1 || seq == 2 || seq == 5, b = seq == 3 || seq == 30 || seq == 40;
      world.Put(a ? "A" : b ? "B" : "C");
    }
    world.Checkpoint();
    for (const Seq seq : {5, 40}) {
      ASSERT_TRUE(world.Remove(seq));
      world.Settle();
    }
    EXPECT_EQ(world.Load(50), "C:50 x");
    world.Settle();
    ASSERT_FALSE(IsCached(world, 4));
    ASSERT_FALSE(IsCached(world, 39));
    MultiLast request;
    request.filters = {">"};
    ASSERT_EQ(world.store().Run(request), Progress::kWait);
    if (stored) {
      ASSERT_EQ(world.Put("A"), 61u);
    } else {
      ASSERT_TRUE(world.Remove(1));
      ASSERT_TRUE(world.Remove(2));
    }
    ASSERT_TRUE(world.Run(request));
    std::vector<Seq> seqs = request.seqs;
    // Of the first one either answer was right at some time.
    if (stored) {
      ASSERT_EQ(seqs.size(), 3u);
      EXPECT_TRUE(seqs.front() == 2 || seqs.back() == 61) << seqs.front() << ", " << seqs.back();
      std::erase_if(seqs, [](Seq seq) { return seq == 2 || seq == 61; });
    }
    EXPECT_EQ(seqs, (std::vector<Seq>{30, 60}));
  }
}

// --- Age

// That all messages up to one never expire is not so any more of those that take the sequences
// which a truncate gave back.
TEST(FileBetweenSlices, WhatComesAfterATruncateExpires) {
  FileStoreOptions options;
  options.config.allow_msg_ttl = true;
  options.config.max_age = Seconds(100);
  FileWorld world(options);
  for (int i = 0; i < 80; ++i) world.Put("a", "x", kNeverExpires, -1);
  world.driver.Advance(Seconds(101));
  world.Due();
  ASSERT_EQ(world.store().State().msgs, 80u);
  ASSERT_EQ(world.store().NextDeadline(), kNever);
  ASSERT_TRUE(Truncate(world, 50));
  for (Seq seq = 51; seq <= 80; ++seq) ASSERT_EQ(world.Put("a"), seq);
  world.Settle();
  EXPECT_EQ(world.store().State().msgs, 80u);
  world.driver.Advance(Seconds(101));
  world.Due();
  EXPECT_EQ(world.store().State().msgs, 50u);
  EXPECT_EQ(world.store().State().first_seq, 1u);
  EXPECT_EQ(world.store().State().last_seq, 80u);
  EXPECT_EQ(world.Load(50), "a:50 x");
  EXPECT_EQ(world.Load(51), "deleted message");
  EXPECT_EQ(world.Load(80), "deleted message");
}

// --- Jobs

// A removal whose block is not in memory is told of when that is read. Its sequence may be another
// message's by then: who is told of it would take that one for gone.
TEST(FileBetweenSlices, WhatIsToldLateNamesNoSequenceThatATruncateGaveBack) {
  FileWorld world(NothingCached());
  for (Seq seq = 1; seq <= 9; ++seq) world.Put("a");
  for (Seq seq = 10; seq <= 40; ++seq) world.Put("b");
  world.Checkpoint();
  (void)world.store().TakeChanges();
  const Seq from = world.store().index().Find(20)->first.seq;
  for (Seq seq = from; seq <= 40; ++seq) ASSERT_TRUE(world.store().Remove(world.now(), seq).ok());
  const uint64_t unsettled = world.store().index().unsettled;
  ASSERT_GT(unsettled, 0u);
  dunlin::Truncate truncate;
  truncate.seq = from;
  ASSERT_EQ(world.store().Run(world.now(), truncate), Progress::kDone);
  ASSERT_EQ(world.store().index().unsettled, unsettled);
  uint64_t msgs = world.store().TakeChanges().size();
  for (Seq seq = from + 1; seq <= 40; ++seq) ASSERT_EQ(world.Put("b"), seq);
  world.Settle();
  for (const StoreChange& change : world.store().TakeChanges()) {
    EXPECT_LE(change.seq, from) << "it is there";
    msgs += change.msgs;
  }
  EXPECT_EQ(msgs, 41 - from);
}

// By a truncate to nothing, too, and by a purge of nothing but what was removed before.
TEST(FileBetweenSlices, WhatOneRemovesAtOnceIsToldOf) {
  for (const bool purge : {false, true}) {
    FileWorld world(NothingCached());
    world.Put("a");
    world.Checkpoint();
    for (int i = 0; i < 20; ++i) world.Put("b");
    world.Checkpoint();
    (void)world.store().TakeChanges();
    ASSERT_FALSE(IsCached(world, 1));
    ASSERT_TRUE(world.store().Remove(world.now(), 1).ok());
    if (purge) {
      Purge all;
      ASSERT_TRUE(world.Run(all));
    } else {
      ASSERT_TRUE(Truncate(world, 0));
    }
    uint64_t msgs = 0;
    for (const StoreChange& change : world.store().TakeChanges()) msgs += change.msgs;
    EXPECT_EQ(msgs, 21u) << purge;
  }
}

// What is overdue goes when the job is done. Until then the store does not say that it is due: it
// would be called again and again.
TEST(FileBetweenSlices, WhatIsOverdueDuringAJobWaitsForItsEnd) {
  for (const bool ttl : {false, true}) {
    SCOPED_TRACE(ttl ? "ttl" : "age");
    FileStoreOptions options;
    options.limits.records_per_slice = 4;
    options.config.allow_msg_ttl = ttl;
    if (!ttl) options.config.max_age = Seconds(10);
    FileWorld world(options);
    for (int i = 0; i < 20; ++i) {
      world.Put(i % 2 == 0 ? "a" : "b", "x", ttl ? "NATS/1.0\r\nNats-TTL: 10\r\n\r\n" : "",
                ttl ? 10 : 0);
    }
    world.Settle();
    Purge purge;
    purge.filter = "a";
    ASSERT_EQ(world.store().Run(world.now(), purge), Progress::kMore);
    world.driver.Advance(Seconds(20));
    if (world.store().NextDeadline() <= world.now().mono) world.store().OnDeadline(world.now());
    EXPECT_GT(world.store().NextDeadline(), world.now().mono);
    ASSERT_FALSE(world.TurnTimes(1'000)) << "it asks for a step, and another one";
    EXPECT_GT(world.store().NextDeadline(), world.now().mono);
    EXPECT_GE(world.store().State().msgs, 10u);
    ASSERT_TRUE(world.Run(purge));
    EXPECT_EQ(purge.purged, 10u);
    world.driver.Advance(Seconds(1));
    world.Due();
    EXPECT_EQ(world.store().State().msgs, 0u);
  }
}

// Nobody looks at a store that has not asked for it: one whose job begins to wait for room in the
// journal, in a step in which it did nothing else, asks.
TEST(FileBetweenSlices, AJobThatBeginsToWaitForTheJournalAsks) {
  FileStoreOptions options;
  options.limits.records_per_slice = 4;
  FileWorld world(options);
  for (int i = 0; i < 20; ++i) world.Put(i % 2 == 0 ? "a" : "b");
  world.Settle();
  Purge purge;
  purge.filter = "a";
  ASSERT_EQ(world.store().Run(world.now(), purge), Progress::kMore);
  world.Settle();
  world.journal.full = true;
  world.Settle();
  const uint64_t wakes = world.journal.wakes;
  ASSERT_EQ(world.store().Run(world.now(), purge), Progress::kWait);
  EXPECT_GT(world.journal.wakes, wakes);
  EXPECT_FALSE(world.TurnTimes(1'000)) << "it asks for a step, and another one";
  EXPECT_TRUE(world.store().awaits_journal());
  (void)world.store().TakeReady();
  world.journal.full = false;
  world.Turn();
  EXPECT_TRUE(world.store().TakeReady());
  ASSERT_TRUE(world.Run(purge));
  EXPECT_EQ(purge.purged, 10u);
}

}  // namespace
}  // namespace dunlin::file
