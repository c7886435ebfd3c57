// Purge, compact, truncate.
#include "tests/storage/store_suite.h"

namespace dunlin {
namespace {

TEST_P(StoreSuite, PurgesEverything) {
  StoreDriver d = Make();
  d.PutMany("foo", 10);
  const WallTime last = d.State().last_time;
  EXPECT_EQ(d.PurgeAll(), 10u);
  const StreamState state = d.State();
  EXPECT_EQ(state.msgs, 0u);
  EXPECT_EQ(state.bytes, 0u);
  EXPECT_EQ(state.num_subjects, 0u);
  EXPECT_EQ(state.first_seq, 11u);
  EXPECT_EQ(state.last_seq, 10u);
  EXPECT_EQ(state.last_time, last);
  EXPECT_EQ(d.Load(5).error, StoreError::kNotFound);
  EXPECT_EQ(d.Put("foo").seq, 11u);
  d.Reopen();
  EXPECT_EQ(d.State().msgs, 1u);
}

TEST_P(StoreSuite, PurgingNothingIsPurging) {
  StoreDriver d = Make();
  EXPECT_EQ(d.PurgeAll(), 0u);
  EXPECT_EQ(d.State().first_seq, 1u);
  EXPECT_EQ(d.State().last_seq, 0u);
  EXPECT_EQ(d.Purge(">", 0, 0), 0u);
  EXPECT_EQ(d.State().first_seq, 1u);
}

TEST_P(StoreSuite, PurgesASubject) {
  StoreDriver d = Make();
  d.PutMany("foo", 100, "");
  d.PutMany("bar", 3, "");
  EXPECT_EQ(d.Purge("foo", 0, 0), 100u);
  EXPECT_EQ(d.State().msgs, 3u);
  EXPECT_EQ(d.State().first_seq, 101u);
  EXPECT_EQ(d.Purge("nothing", 0, 0), 0u);
}

TEST_P(StoreSuite, PurgesSubjectsUpToASequenceOrDownToANumber) {
  StoreDriver d = Make();
  for (int i = 0; i < 10; ++i) {
    for (const char* subject : {"a.1", "a.2", "b.1"}) d.PutMany(subject, 1);
  }
  EXPECT_EQ(d.Purge("a.1", 10, 0), 3u);
  EXPECT_EQ(d.Subject("a.1"), (SimpleState{7, 10, 28}));
  EXPECT_EQ(d.Purge("a.2", 0, 4), 6u);
  EXPECT_EQ(d.Subject("a.2"), (SimpleState{4, 20, 29}));
  EXPECT_EQ(d.Purge("a.*", 0, 5), 6u);
  EXPECT_EQ(d.Subject("a.1"), (SimpleState{2, 25, 28}));
  EXPECT_EQ(d.Subject("a.2"), (SimpleState{3, 23, 29}));
  EXPECT_EQ(d.Purge("a.*", 0, 50), 0u);
  EXPECT_EQ(d.Subject("b.1").msgs, 10u);
  EXPECT_EQ(d.Purge("*.1", 25, 0), 8u);
  EXPECT_EQ(Listing(d), (std::vector<std::string>{"23 a.2", "25 a.1", "26 a.2", "27 b.1", "28 a.1",
                                                  "29 a.2", "30 b.1"}));
  d.Reopen();
  EXPECT_EQ(d.State().msgs, 7u);
  EXPECT_EQ(d.Subject("a.2"), (SimpleState{3, 23, 29}));
}

TEST_P(StoreSuite, PurgingUpToTheFirstSequenceDoesNothing) {
  StoreDriver d = Make();
  for (int i = 0; i < 5; ++i) {
    d.PutMany("foo", 1);
    d.PutMany("bar", 1);
  }
  const std::string before = d.Contents();
  for (const uint64_t keep : {0, 3}) {
    for (const char* filter : {"", ">", "foo"}) {
      EXPECT_EQ(d.Purge(filter, 1, keep), 0u);
      EXPECT_EQ(d.Contents(), before);
    }
  }
}

TEST_P(StoreSuite, KeepsTheNewestAcrossHoles) {
  StoreDriver d = Make();
  d.PutMany("foo", 50, "");
  for (Seq seq = 2; seq <= 50; seq += 2) d.Remove(seq);
  EXPECT_EQ(d.Purge("", 0, 5), 20u);
  EXPECT_EQ(d.State().msgs, 5u);
  EXPECT_EQ(d.State().first_seq, 41u);
  EXPECT_EQ(d.State().last_seq, 50u);
}

TEST_P(StoreSuite, PurgesUpToASequenceThatIsDeleted) {
  StoreDriver d = Make();
  d.PutMany("foo", 10, "abc");
  d.Remove(2);
  d.Remove(9);
  EXPECT_EQ(d.Purge("", 9, 0), 7u);
  EXPECT_EQ(d.State().first_seq, 10u);
  EXPECT_EQ(d.State().last_seq, 10u);
  EXPECT_EQ(d.State().msgs, 1u);
}

TEST_P(StoreSuite, CompactsUpToASequence) {
  StoreDriver d = Make();
  d.PutMany("foo", 10);
  EXPECT_EQ(d.Compact(6), 5u);
  EXPECT_EQ(d.State().msgs, 5u);
  EXPECT_EQ(d.State().first_seq, 6u);
  EXPECT_EQ(d.Compact(3), 0u);
  EXPECT_EQ(d.Compact(100), 5u);
  EXPECT_EQ(d.State().first_seq, 100u);
  EXPECT_EQ(d.State().last_seq, 99u);
  d.Reopen();
  EXPECT_EQ(d.State().first_seq, 100u);
  EXPECT_EQ(d.Put("foo").seq, 100u);
}

TEST_P(StoreSuite, CompactingForgetsSubjects) {
  StoreDriver d = Make();
  for (int i = 0; i < 1000; ++i) d.PutMany("foo." + std::to_string(i), 1);
  EXPECT_EQ(d.Compact(501), 500u);
  EXPECT_EQ(d.State().num_subjects, 500u);
  EXPECT_EQ(d.Last("foo.499").error, StoreError::kNotFound);
  d.Reopen();
  EXPECT_EQ(d.State().num_subjects, 500u);
}

TEST_P(StoreSuite, CompactingForgetsHoles) {
  for (Seq to = 2; to <= 4; ++to) {
    StoreDriver d = Make();
    d.PutMany("foo", 3);
    d.Remove(2);
    EXPECT_EQ(DeletedSeqs(d).size(), 1u);
    d.Compact(to);
    EXPECT_EQ(DeletedSeqs(d).size(), 0u);
    EXPECT_EQ(d.State().first_seq, std::max<Seq>(3, to));
    EXPECT_EQ(d.State().last_seq, 3u);
    EXPECT_EQ(d.State().num_deleted, 0u);
  }
}

TEST_P(StoreSuite, CompactingIntoAHoleAtTheEndLeavesNothing) {
  StoreDriver d = Make();
  d.PutMany("foo", 3);
  d.Remove(2);
  d.Remove(3);
  EXPECT_EQ(d.State().first_seq, 1u);
  d.Compact(2);
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().first_seq, 4u);
  EXPECT_EQ(d.State().last_seq, 3u);
  EXPECT_EQ(d.State().first_time, WallTime{});
  d.Reopen();
  EXPECT_EQ(d.State().first_seq, 4u);
}

TEST_P(StoreSuite, TruncatesToASequence) {
  StoreDriver d = Make();
  for (Seq seq = 1; seq <= 100; ++seq) {
    d.Advance(Millis(1));
    d.PutMany(seq < 50 ? "foo" : "bar", 1);
  }
  const WallTime fiftieth = d.Load(50).time;
  EXPECT_EQ(d.Truncate(50), StoreError::kNone);
  EXPECT_EQ(d.State().msgs, 50u);
  EXPECT_EQ(d.State().last_seq, 50u);
  EXPECT_EQ(d.State().last_time, fiftieth);
  for (const Seq seq : {10, 20, 30, 40}) d.Remove(seq);
  EXPECT_EQ(d.Truncate(25), StoreError::kNone);
  EXPECT_EQ(d.State().msgs, 23u);
  EXPECT_EQ(d.State().num_subjects, 1u);
  EXPECT_EQ(DeletedSeqs(d), (std::vector<Seq>{10, 20}));
  EXPECT_EQ(d.Truncate(26), StoreError::kInvalidSeq);
  d.Reopen();
  EXPECT_EQ(d.State().msgs, 23u);
  EXPECT_EQ(d.Put("foo").seq, 26u);
}

TEST_P(StoreSuite, TruncatingToNothingBeginsAgain) {
  StoreDriver d = Make();
  d.PutMany("foo", 1000, "Hello World");
  EXPECT_EQ(d.Truncate(0), StoreError::kNone);
  const StreamState state = d.State();
  EXPECT_EQ(state.msgs, 0u);
  EXPECT_EQ(state.bytes, 0u);
  EXPECT_EQ(state.first_seq, 0u);
  EXPECT_EQ(state.last_seq, 0u);
  EXPECT_EQ(state.num_subjects, 0u);
  EXPECT_EQ(state.num_deleted, 0u);
  d.PutMany("foo", 1000, "Hello World");
  EXPECT_EQ(d.State().msgs, 1000u);
  EXPECT_EQ(d.State().bytes, 1000 * d.Bytes("foo", "Hello World"));
  EXPECT_EQ(d.State().first_seq, 1u);
  EXPECT_EQ(d.State().last_seq, 1000u);
  d.Reopen();
  EXPECT_EQ(d.State().msgs, 1000u);
}

TEST_P(StoreSuite, TruncatingForgetsHoles) {
  for (const Seq to : {0, 1}) {
    StoreDriver d = Make();
    d.PutMany("foo", 3);
    d.Remove(2);
    EXPECT_EQ(d.Truncate(to), StoreError::kNone);
    EXPECT_TRUE(DeletedSeqs(d).empty());
    EXPECT_EQ(d.State().first_seq, to);
    EXPECT_EQ(d.State().last_seq, to);
  }
}

TEST_P(StoreSuite, ForgetsTimesToLiveOfWhatIsPurged) {
  StoreConfig config;
  config.allow_msg_ttl = true;
  StoreDriver d = Make(config);
  ASSERT_TRUE(d.Put("foo", "", "", 10).ok());
  ASSERT_TRUE(d.Put("foo", "", "", 10).ok());
  d.PurgeAll();
  d.PutMany("foo", 2);
  d.Advance(Seconds(20));
  EXPECT_EQ(d.State().msgs, 2u);
}

}  // namespace
}  // namespace dunlin
