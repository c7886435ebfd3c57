// The memory store in the suite of all stores, once as it is and once with slices as small as can
// be; and what only it has.
#include "storage/memory/memory_store.h"

#include <gtest/gtest.h>

#include "storage/format/stream_state.h"
#include "tests/storage/memory/memory_world.h"

namespace dunlin {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, StoreSuite,
                         ::testing::Values(StoreKind{"Whole", &MakeMemory},
                                           StoreKind{"Sliced", &MakeMemoryInSmallSlices}),
                         StoreKindName);

constexpr Now kNow{{Hours(1).ns}, {Seconds(1'700'000'000).ns}};

memory::MemoryStore MakeStore(int steps_per_slice) {
  StoreConfig config;
  config.name = "zzz";
  return memory::MemoryStore({.config = config, .steps_per_slice = steps_per_slice});
}

void Fill(memory::MemoryStore& store, int count) {
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(store.Store(kNow, "a." + std::to_string(i % 100), "", "payload", 0).ok());
  }
}

TEST(MemoryStore, CountsSixteenBytesBesideWhatAMessageHas) {
  EXPECT_EQ(MemoryMsgBytes(3, 10, 11), 3u + 10 + 11 + 16);
}

// As one in files.
TEST(MemoryStore, FailsWhereItCannotBegin) {
  StoreConfig config;
  config.name = "zzz";
  config.first_seq = StreamStore::kJumpMax + 1;
  memory::MemoryStore store({.config = config});
  EXPECT_EQ(store.Failure().value_or(""),
            "stream 'zzz': the first sequence 2305843009213693953 is too high");
  EXPECT_EQ(store.Store(kNow, "a", "", "", 0).error, StoreError::kFailed);
  Purge purge;
  EXPECT_EQ(store.Run(kNow, purge), Progress::kFailed);
  EXPECT_EQ(purge.error, StoreError::kFailed);
}

TEST(MemoryStore, WorksNoLongerThanASliceAtATime) {
  memory::MemoryStore store = MakeStore(50);
  Fill(store, 1000);
  CountPending count;
  count.filters = {"a.*"};
  count.from = 500;
  int slices = 1;
  while (store.Run(count) == Progress::kMore) ++slices;
  EXPECT_EQ(count.total, 501u);
  EXPECT_GT(slices, 8);

  Purge purge;
  purge.filter = "a.*";
  slices = 1;
  while (store.Run(kNow, purge) == Progress::kMore) {
    ++slices;
    store.CheckInvariants();
  }
  EXPECT_EQ(purge.purged, 1000u);
  EXPECT_GE(slices, 20);
}

// Numbers above a truncate are given to others.
TEST(MemoryStore, DeletionsThatAreLateTakeNothingThatCameBehindATruncate) {
  memory::MemoryStore store = MakeStore(10);
  Fill(store, 100);
  (void)store.SyncDeleted(kNow, {{1, 100}});
  ASSERT_GT(store.State().msgs, 0u);
  Truncate truncate;
  truncate.seq = 50;
  while (store.Run(kNow, truncate) == Progress::kMore) {
  }
  Fill(store, 1);
  for (int i = 0; i < 100 && store.NextDeadline() <= kNow.mono; ++i) store.OnDeadline(kNow);
  EXPECT_EQ(store.State().msgs, 1u);
  EXPECT_EQ(store.State().first_seq, 51u);
  store.CheckInvariants();
}

TEST(MemoryStore, ASearchInSlicesSkipsNothingThatComesMeanwhile) {
  memory::MemoryStore store = MakeStore(4);
  Fill(store, 50);
  LoadMatch match;
  match.filters = {"*.*.last"};
  match.from = 1;
  ASSERT_EQ(store.Run(match), Progress::kMore);
  ASSERT_TRUE(store.Store(kNow, "a.1.last", "", "payload", 0).ok());
  Progress progress = Progress::kMore;
  while (progress == Progress::kMore) progress = store.Run(match);
  if (progress == Progress::kDone) {
    EXPECT_EQ(match.msg.seq, 51u);
  } else {
    EXPECT_LE(match.skip, 50u);
  }
}

TEST(MemoryStore, TheLastOneIsFoundThoughItIsReplacedMeanwhile) {
  StoreConfig config;
  config.name = "zzz";
  config.max_msgs_per_subject = 1;
  memory::MemoryStore store({.config = config, .steps_per_slice = 4});
  Fill(store, 50);
  LoadLast last;
  last.subject = "a.*";
  ASSERT_TRUE(store.Store(kNow, "a.0", "", "payload", 0).ok());
  ASSERT_EQ(store.Run(last), Progress::kMore);
  ASSERT_TRUE(store.Store(kNow, "a.0", "", "payload", 0).ok());
  Progress progress = Progress::kMore;
  while (progress == Progress::kMore) progress = store.Run(last);
  ASSERT_EQ(progress, Progress::kDone);
  EXPECT_EQ(last.msg.seq, 52u);
}

TEST(MemoryStore, PurgesEverythingAtOnceAndFreesItBitByBit) {
  memory::MemoryStore store = MakeStore(600);
  Fill(store, 10'000);
  const size_t full = store.BytesUsed();
  Purge purge;
  EXPECT_EQ(store.Run(kNow, purge), Progress::kDone);
  EXPECT_EQ(store.State().msgs, 0u);
  EXPECT_LT(store.BytesUsed(), full / 100);
  int slices = 0;
  for (; store.NextDeadline() <= kNow.mono; ++slices) store.OnDeadline(kNow);
  EXPECT_GE(slices, 9);
  EXPECT_EQ(store.NextDeadline(), kNever);
}

TEST(MemoryStore, SkippingCostsNothing) {
  memory::MemoryStore store = MakeStore(10);
  Fill(store, 1);
  const size_t before = store.BytesUsed();
  ASSERT_TRUE(store.Skip(kNow, 0, 1'000'000'000'000, StreamStore::SkipTime::kKeep).ok());
  EXPECT_EQ(store.BytesUsed(), before);
  EXPECT_EQ(store.State().num_deleted, 1'000'000'000'000u);
  EXPECT_EQ(store.Deleted(), (std::vector<SeqRange>{{2, 1'000'000'000'001}}));
}

TEST(MemoryStore, EncodesItsStateAsReplicasReadIt) {
  memory::MemoryStore store = MakeStore(8192);
  Fill(store, 30);
  for (const Seq seq : {1, 2, 5, 6, 7, 20}) ASSERT_TRUE(store.Remove(kNow, seq).ok());
  ASSERT_TRUE(store.Skip(kNow, 0, 100'000, StreamStore::SkipTime::kKeep).ok());
  Fill(store, 3);
  ASSERT_TRUE(store.Remove(kNow, 100'032).ok());
  const std::string bytes = store.EncodedState(22);
  EXPECT_LT(bytes.size(), 700u) << "a long run is a run";
  format::ReplicatedState state;
  ASSERT_TRUE(format::DecodeReplicatedState(bytes, &state).ok());
  EXPECT_EQ(state.msgs, 26u);
  EXPECT_EQ(state.bytes, store.State().bytes);
  EXPECT_EQ(state.first_seq, 3u);
  EXPECT_EQ(state.last_seq, 100'033u);
  EXPECT_EQ(state.failed, 22u);
  EXPECT_EQ(state.num_deleted, 100'005u);
  EXPECT_EQ(format::DeletedRanges(state.deleted), store.Deleted());
}

TEST(MemoryStore, IsSmall) {
  memory::MemoryStore store = MakeStore(8192);
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(store.Store(kNow, "orders.eu." + std::to_string(100'000 + i), "", "", 0).ok());
  }
  // The message's own 56 bytes and its subject, 9 for where it is, and the subject's entry.
  EXPECT_LT(store.BytesUsed() / 20'000, 56 + 16 + 12 + 45u);
}

}  // namespace
}  // namespace dunlin
