// What a store must find again after it was stopped, with and without the files that can be made
// again, and after it was cut off.
#include <functional>

#include "tests/storage/store_suite.h"

namespace dunlin {
namespace {

// Everything that can be seen, in each way of starting again.
void ExpectFoundAgain(StoreDriver& d) {
  const std::string contents = d.Contents();
  const StreamState state = d.State();
  const std::vector<Seq> deleted = DeletedSeqs(d);
  const auto expect = [&](const char* after) {
    EXPECT_EQ(d.Contents(), contents) << after;
    EXPECT_EQ(d.State(), state) << after;
    EXPECT_EQ(DeletedSeqs(d), deleted) << after;
  };
  d.Reopen();
  expect("a stop");
  d.ReopenWithoutIndexes();
  expect("a stop, and the indexes were deleted");
  d.Settle();
  d.Crash();
  expect("a crash");
}

struct Removing {
  const char* how;
  std::function<void(StoreDriver&)> run;
  uint64_t msgs;
  Seq first, last;
  uint64_t deleted;
};

const Removing kRemovals[] = {
    {"nothing", [](StoreDriver&) {}, 4, 1, 4, 0},
    {"remove", [](StoreDriver& d) { EXPECT_EQ(d.Remove(1), StoreError::kNone); }, 3, 2, 4, 0},
    {"erase", [](StoreDriver& d) { EXPECT_EQ(d.Erase(1), StoreError::kNone); }, 3, 2, 4, 0},
    {"purge", [](StoreDriver& d) { EXPECT_EQ(d.PurgeAll(), 4u); }, 0, 5, 4, 0},
    {"purge foo.0", [](StoreDriver& d) { EXPECT_EQ(d.Purge("foo.0", 0, 0), 2u); }, 2, 2, 4, 1},
    {"purge foo.1", [](StoreDriver& d) { EXPECT_EQ(d.Purge("foo.1", 0, 0), 2u); }, 2, 1, 4, 2},
    {"compact", [](StoreDriver& d) { EXPECT_EQ(d.Compact(3), 2u); }, 2, 3, 4, 0},
    {"truncate", [](StoreDriver& d) { EXPECT_EQ(d.Truncate(2), StoreError::kNone); }, 2, 1, 2, 0},
};

TEST_P(StoreSuite, FindsAgainWhatEachWayOfRemovingLeft) {
  for (const Removing& removing : kRemovals) {
    SCOPED_TRACE(removing.how);
    StoreDriver d = Make();
    for (int i = 0; i < 4; ++i) d.PutMany(i % 2 == 0 ? "foo.0" : "foo.1", 1, "");
    removing.run(d);
    const StreamState state = d.State();
    EXPECT_EQ(state.msgs, removing.msgs);
    EXPECT_EQ(state.first_seq, removing.first);
    EXPECT_EQ(state.last_seq, removing.last);
    EXPECT_EQ(state.num_deleted, removing.deleted);
    ExpectFoundAgain(d);
  }
}

TEST_P(StoreSuite, FindsAgainWhatACompactionLeft) {
  for (const size_t bytes : {size_t{1024}, size_t{256} << 10}) {
    StoreDriver d = Make();
    const std::string payload(bytes, 'p');
    d.PutMany("foo", 4, payload);
    EXPECT_EQ(d.State().bytes, 4 * d.Bytes("foo", payload));
    EXPECT_EQ(d.Compact(4), 3u);
    const StreamState state = d.State();
    EXPECT_EQ(state.msgs, 1u);
    EXPECT_EQ(state.first_seq, 4u);
    EXPECT_EQ(state.last_seq, 4u);
    EXPECT_EQ(state.bytes, d.Bytes("foo", payload));
    ExpectFoundAgain(d);
  }
}

TEST_P(StoreSuite, FindsAgainWhatATruncationLeft) {
  StoreDriver d = Make();
  for (Seq seq = 1; seq <= 100; ++seq) d.PutMany(seq < 50 ? "foo" : "bar", 1);
  EXPECT_EQ(d.Truncate(50), StoreError::kNone);
  for (const Seq seq : {10, 20, 30, 40}) d.Remove(seq);
  EXPECT_EQ(d.Truncate(25), StoreError::kNone);
  EXPECT_EQ(d.State().msgs, 23u);
  EXPECT_EQ(DeletedSeqs(d), (std::vector<Seq>{10, 20}));
  ExpectFoundAgain(d);
}

TEST_P(StoreSuite, FindsAgainThatEverySecondOneWasRemoved) {
  StoreDriver d = Make();
  d.PutMany("foo", 100, "Hello World");
  for (Seq seq = 2; seq <= 100; seq += 2) ASSERT_EQ(d.Remove(seq), StoreError::kNone);
  EXPECT_EQ(d.State().msgs, 50u);
  ExpectFoundAgain(d);
  EXPECT_EQ(d.Load(1).error, StoreError::kNone);
  for (Seq seq = 2; seq <= 100; seq += 2) EXPECT_EQ(d.Load(seq).error, StoreError::kDeleted);
}

TEST_P(StoreSuite, FindsAgainThatTheFirstHalfWasRemoved) {
  StoreDriver d = Make();
  d.PutMany("foo", 100, "Hello World");
  for (Seq seq = 1; seq <= 50; ++seq) ASSERT_EQ(d.Remove(seq), StoreError::kNone);
  EXPECT_EQ(d.State().msgs, 50u);
  EXPECT_EQ(d.State().first_seq, 51u);
  ExpectFoundAgain(d);
}

TEST_P(StoreSuite, FindsAgainThatAllWereRemovedOneByOne) {
  StoreDriver d = Make();
  d.PutMany("foo", 20, "");
  for (Seq seq = 1; seq <= 20; ++seq) ASSERT_EQ(d.Remove(seq), StoreError::kNone);
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().first_seq, 21u);
  EXPECT_EQ(d.State().last_seq, 20u);
  ExpectFoundAgain(d);
}

TEST_P(StoreSuite, FindsAgainThatAllWentFromTheMiddleOutward) {
  StoreDriver d = Make();
  d.PutMany("foo", 50, "");
  for (Seq seq = 2; seq <= 49; ++seq) ASSERT_EQ(d.Remove(seq), StoreError::kNone);
  d.PutMany("foo", 50, "");
  for (Seq seq = 50; seq <= 100; ++seq) ASSERT_EQ(d.Remove(seq), StoreError::kNone);
  EXPECT_EQ(d.State().msgs, 1u);
  EXPECT_EQ(d.State().first_seq, 1u);
  EXPECT_EQ(d.State().last_seq, 100u);
  ExpectFoundAgain(d);
  ASSERT_EQ(d.Remove(1), StoreError::kNone);
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().first_seq, 101u);
  EXPECT_EQ(d.State().last_seq, 100u);
  ExpectFoundAgain(d);
}

TEST_P(StoreSuite, FindsAgainThatAllWereTooOld) {
  StoreConfig config;
  config.max_age = Seconds(1);
  StoreDriver d = Make(config);
  d.PutMany("foo", 100, "");
  d.Advance(Seconds(2));
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().first_seq, 101u);
  EXPECT_EQ(d.State().last_seq, 100u);
  ExpectFoundAgain(d);
}

TEST_P(StoreSuite, FindsAgainWhatAPurgeToASequenceLeft) {
  StoreDriver d = Make();
  for (int i = 1; i <= 10; ++i) d.PutMany("foo." + std::to_string(i), 1, "abc");
  for (const Seq seq : {8, 9, 10}) ASSERT_EQ(d.Remove(seq), StoreError::kNone);
  EXPECT_EQ(d.Purge(">", 8, 0), 7u);
  EXPECT_EQ(d.State().first_seq, 11u);
  EXPECT_EQ(d.State().last_seq, 10u);
  ExpectFoundAgain(d);
}

TEST_P(StoreSuite, SkippedSequencesAreFoundAgainEachTime) {
  for (const uint64_t at_once : {1, 22}) {
    StoreDriver d = Make();
    for (uint64_t i = 0; i < 22; i += at_once) ASSERT_TRUE(d.Skip(0, at_once).ok());
    for (int i = 0; i < 5; ++i) {
      d.Reopen();
      EXPECT_EQ(d.State().first_seq, 23u);
      EXPECT_EQ(d.State().last_seq, 22u);
    }
    ExpectFoundAgain(d);
  }
}

TEST_P(StoreSuite, SkipsBehindACompactionOfALargeMessage) {
  StoreDriver d = Make();
  d.PutMany("foo", 1, std::string(256 << 10, 'x'));
  ASSERT_TRUE(d.Skip(2).ok());
  EXPECT_EQ(d.Compact(2), 1u);
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().first_seq, 3u);
  EXPECT_EQ(d.State().last_seq, 2u);
  ASSERT_TRUE(d.Skip(3).ok());
  ExpectFoundAgain(d);
  EXPECT_EQ(d.Put("foo").seq, 4u);
}

TEST_P(StoreSuite, GoesOnAtALimitOfOneAfterAStop) {
  StoreConfig config;
  config.max_msgs = 1;
  StoreDriver d = Make(config);
  d.PutMany("foo", 2, "Hello World");
  d.Reopen();
  EXPECT_EQ(d.State().first_seq, 2u);
  d.PutMany("foo", 1, "Hello World");
  EXPECT_EQ(d.State().msgs, 1u);
  EXPECT_EQ(d.State().first_seq, 3u);
}

TEST_P(StoreSuite, EnforcesLimitsThatWereLoweredWhileItWasStopped) {
  StoreDriver d = Make();
  for (int i = 0; i < 10; ++i) {
    d.PutMany("A", 1, "HELLO WORLD");
    d.PutMany("B", 1, "HELLO WORLD");
  }
  if (!d.world().Durable()) return;
  StoreConfig config = d.config();
  config.max_msgs = 15;
  config.max_msgs_per_subject = 2;
  d.ReopenWith(config);
  EXPECT_EQ(Listing(d), (std::vector<std::string>{"17 A", "18 B", "19 A", "20 B"}));
  ExpectFoundAgain(d);
}

TEST_P(StoreSuite, FindsAgainThatMessagesHadNoSubject) {
  StoreDriver d = Make();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(d.Put("", "no subject").ok());
  ExpectFoundAgain(d);
  EXPECT_EQ(d.State().num_subjects, 0u);
  EXPECT_TRUE(TotalsOf(&d.store(), "").empty());
  EXPECT_TRUE(d.Subjects(">").empty());
}

}  // namespace
}  // namespace dunlin
