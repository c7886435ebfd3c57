// What the reference once got wrong, or only across restarts, in its file store.
#include "tests/storage/store_suite.h"

namespace dunlin {
namespace {

TEST_P(StoreSuite, SkippedSequencesOutliveTheProcess) {
  StoreDriver d = Make();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(d.Skip(0).ok());
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().first_seq, 11u);
  EXPECT_EQ(d.State().last_seq, 10u);
  EXPECT_EQ(d.State().num_deleted, 0u);
  d.Reopen();
  EXPECT_EQ(d.State().first_seq, 11u);
  d.PutMany("zzz", 1, "Hello World!");
  ASSERT_TRUE(d.Skip(0).ok());
  ASSERT_TRUE(d.Skip(0).ok());
  d.PutMany("zzz", 1, "Hello World!");
  ASSERT_TRUE(d.Skip(0).ok());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(d.State().msgs, 2u);
    EXPECT_EQ(d.State().first_seq, 11u);
    EXPECT_EQ(d.State().last_seq, 15u);
    EXPECT_EQ(DeletedSeqs(d), (std::vector<Seq>{12, 13, 15}));
    EXPECT_EQ(d.Load(11).payload, "Hello World!");
    d.Reopen();
  }
  ASSERT_TRUE(d.Skip(0).ok());
  EXPECT_EQ(d.Put("AAA", "Skip?").seq, 17u);
  d.Reopen();
  EXPECT_EQ(d.Load(17).payload, "Skip?");
}

TEST_P(StoreSuite, RemembersTheLastTimeAndSequenceOfWhatIsGone) {
  StoreConfig config;
  config.max_age = Seconds(10);
  StoreDriver d = Make(config);
  const std::string payload(200'000, 'X');
  StoreResult last = d.Put("foo", payload);
  ASSERT_EQ(d.Remove(1), StoreError::kNone);
  const auto expect_remembered = [&] {
    EXPECT_EQ(d.State().last_time, last.time);
    EXPECT_EQ(d.State().last_seq, last.seq);
    d.Reopen();
    EXPECT_EQ(d.State().last_time, last.time);
    EXPECT_EQ(d.State().last_seq, last.seq);
  };
  expect_remembered();
  d.Advance(Seconds(1));
  last = d.Put("foo", payload);
  d.PurgeAll();
  expect_remembered();
  d.Advance(Seconds(1));
  d.PutMany("foo", 1, payload);
  last = d.Put("foo", payload);
  d.Advance(Seconds(11));
  EXPECT_EQ(d.State().msgs, 0u);
  expect_remembered();
  d.PutMany("foo", 1, payload);
  last = d.Put("foo", payload);
  EXPECT_EQ(last.seq, 6u);
  d.Remove(6);
  d.Remove(5);
  expect_remembered();
}

TEST_P(StoreSuite, ReplacesEachKeyOnce) {
  StoreConfig config;
  config.max_msgs_per_subject = 1;
  StoreDriver d = Make(config);
  for (int round = 0; round < 2; ++round) {
    for (int i = 1; i <= 100; ++i) d.PutMany("kv." + std::to_string(i), 1, "value");
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(d.State().msgs, 100u);
    EXPECT_EQ(d.State().first_seq, 101u);
    EXPECT_EQ(d.State().last_seq, 200u);
    EXPECT_EQ(d.State().num_subjects, 100u);
    EXPECT_TRUE(DeletedSeqs(d).empty());
    EXPECT_EQ(d.Last("kv.22").seq, 122u);
    d.Reopen();
  }
}

TEST_P(StoreSuite, RefusesNewKeysAndNewValuesAtBothLimits) {
  StoreConfig config;
  config.discard = DiscardPolicy::kNew;
  config.max_msgs = 100;
  config.discard_new_per_subject = true;
  config.max_msgs_per_subject = 1;
  StoreDriver d = Make(config);
  for (int i = 1; i <= 100; ++i) d.PutMany("kv." + std::to_string(i), 1, "value");
  EXPECT_EQ(d.Put("kv.101", "value").error, StoreError::kMaxMsgs);
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(d.Put("kv." + std::to_string(i), "value").error, StoreError::kMaxMsgsPerSubject);
  }
  EXPECT_EQ(d.State().msgs, 100u);
  EXPECT_EQ(d.State().first_seq, 1u);
  EXPECT_EQ(d.State().last_seq, 100u);
}

TEST_P(StoreSuite, HoldsMessagesWithoutASubject) {
  StoreDriver d = Make();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(d.Put("", "raft state").ok());
  EXPECT_EQ(d.State().msgs, 100u);
  EXPECT_EQ(d.State().num_subjects, 0u);
  d.Reopen();
  EXPECT_EQ(d.State().msgs, 100u);
  EXPECT_EQ(d.Load(50).payload, "raft state");
  EXPECT_EQ(d.Next({}, 30).seq, 30u);
  EXPECT_EQ(d.Remove(50), StoreError::kNone);
  EXPECT_EQ(d.Compact(90), 88u);
}

TEST_P(StoreSuite, SumsUpEverythingAcrossHoles) {
  StoreDriver d = Make();
  d.PutMany("foo", 100);
  const auto remove = [&](std::initializer_list<Seq> seqs) {
    for (const Seq seq : seqs) ASSERT_EQ(d.Remove(seq), StoreError::kNone);
  };
  EXPECT_EQ(d.Filtered("", 1), (SimpleState{100, 1, 100}));
  remove({2});
  EXPECT_EQ(d.Filtered("", 2), (SimpleState{98, 3, 100}));
  remove({3, 4, 5});
  EXPECT_EQ(d.Filtered("", 2), (SimpleState{95, 6, 100}));
  EXPECT_EQ(d.Filtered("", 6), (SimpleState{95, 6, 100}));
  remove({8, 10, 12, 14, 16, 18});
  EXPECT_EQ(d.Filtered("", 7), (SimpleState{88, 7, 100}));
  d.PurgeAll();
  EXPECT_EQ(d.Filtered("", 0).msgs, 0u);
}

TEST_P(StoreSuite, CountsOnlyWhatACompactionTakes) {
  StoreDriver d = Make();
  d.PutMany("foo", 10, "Hello World");
  for (const Seq seq : {2, 3, 4}) d.Erase(seq);
  for (const Seq seq : {7, 8, 9}) d.Remove(seq);
  EXPECT_EQ(d.Compact(6), 2u);
  EXPECT_EQ(d.State().msgs, 2u);
}

TEST_P(StoreSuite, CompactsJustPastTheEnd) {
  StoreDriver d = Make();
  const std::string payload(10'000, 'x');
  d.PutMany("foo", 300, payload);
  EXPECT_EQ(d.Compact(301), 300u);
  EXPECT_EQ(d.State().msgs, 0u);
  d.PutMany("foo", 1, payload);
  EXPECT_EQ(d.State().msgs, 1u);
  EXPECT_EQ(d.State().first_seq, 301u);
}

TEST_P(StoreSuite, TheLastSequenceOutlivesACompaction) {
  StoreDriver d = Make();
  d.PutMany("foo", 1);
  EXPECT_EQ(d.Compact(2), 1u);
  const StreamState state = d.State();
  EXPECT_EQ(state.first_seq, 2u);
  EXPECT_EQ(state.last_seq, 1u);
  d.Reopen();
  EXPECT_EQ(d.State(), state);
  d.Crash();
  EXPECT_EQ(d.State(), state);
}

TEST_P(StoreSuite, KeepsOneOfASubject) {
  StoreDriver d = Make();
  for (const char* subject : {"A", "B", "A", "B"}) d.PutMany(subject, 1, std::string(128, 'X'));
  EXPECT_EQ(d.Filtered("A").msgs, 2u);
  EXPECT_EQ(d.Purge("A", 0, 1), 1u);
  EXPECT_EQ(d.Filtered("A"), (SimpleState{1, 3, 3}));
}

TEST_P(StoreSuite, MovesTheFirstOverEverythingThatIsGone) {
  StoreDriver d = Make();
  d.PutMany("zzz", 10, "Hello World");
  for (Seq seq = 2; seq <= 7; ++seq) d.Remove(seq);
  EXPECT_EQ(d.State().msgs, 4u);
  EXPECT_EQ(d.State().first_seq, 1u);
  d.Remove(1);
  EXPECT_EQ(d.State().msgs, 3u);
  EXPECT_EQ(d.State().first_seq, 8u);
}

TEST_P(StoreSuite, NeverGivesAMessageOfAnotherSubject) {
  StoreDriver d = Make();
  d.PutMany("foo.foo", 3, "A");
  d.PutMany("foo.bar", 1, "X");
  EXPECT_EQ(d.Next({"foo.foo"}, 4).error, StoreError::kEof);
  EXPECT_EQ(d.Pending({"foo.foo"}, 4), 0u);
  EXPECT_EQ(d.Filtered("foo.foo", 4), (SimpleState{}));
}

TEST_P(StoreSuite, ErasedBytesAreNoMessage) {
  StoreDriver d = Make();
  for (int i = 0; i < 10; ++i) d.PutMany("foo", 1, "secret " + std::to_string(i));
  EXPECT_EQ(d.Erase(5), StoreError::kNone);
  EXPECT_EQ(d.Load(5).error, StoreError::kDeleted);
  EXPECT_EQ(d.Erase(5), StoreError::kDeleted);
  d.Reopen();
  EXPECT_EQ(d.Load(5).error, StoreError::kDeleted);
  EXPECT_EQ(d.Load(6).payload, "secret 5");
  EXPECT_EQ(d.State().msgs, 9u);
  EXPECT_EQ(d.State().num_deleted, 1u);
}

TEST_P(StoreSuite, WhatIsTooOldGoesAtTheStart) {
  StoreConfig config;
  config.max_age = Seconds(10);
  StoreDriver d = Make(config);
  d.PutMany("a", 5);
  d.Advance(Seconds(6));
  d.PutMany("b", 5);
  d.Settle();
  d.Tick(Seconds(5));
  d.Reopen();
  EXPECT_EQ(d.State().msgs, 5u);
  EXPECT_EQ(d.State().first_seq, 6u);
  EXPECT_EQ(d.State().num_subjects, 1u);
  d.Tick(Seconds(50));
  d.Crash();
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().first_seq, 11u);
  EXPECT_EQ(d.State().last_seq, 10u);
}

}  // namespace
}  // namespace dunlin
