// What a stream has been through, restart by restart: nothing comes back, nothing gets lost.
#include "tests/storage/store_suite.h"

namespace dunlin {
namespace {

TEST_P(StoreSuite, GoesOnAfterEachOfManyRestarts) {
  StoreDriver d = Make();
  const auto payload = [](Seq seq) { return "[" + std::to_string(1000 + seq) + "] Hello World!"; };
  const uint64_t each = d.Bytes("foo", payload(22));
  Seq last = 0;
  for (const Seq to : {100, 200}) {
    while (last < to) {
      ++last;
      ASSERT_EQ(d.Put("foo", payload(last)).seq, last);
    }
    for (int life = 0; life < 2; ++life) {
      EXPECT_EQ(d.State().msgs, to);
      EXPECT_EQ(d.State().bytes, to * each);
      d.Reopen();
    }
    for (Seq seq = 1; seq <= to; ++seq) ASSERT_EQ(d.Load(seq).payload, payload(seq));
  }
  d.PurgeAll();
  d.Reopen();
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().bytes, 0u);
  EXPECT_EQ(d.Put("foo", "Hello").seq, 201u);
  EXPECT_EQ(d.Remove(201), StoreError::kNone);
  d.Reopen();
  EXPECT_EQ(d.State().first_seq, 202u);
}

TEST_P(StoreSuite, StaysPurgedInEveryWay) {
  StoreDriver d = Make();
  const std::string payload(19, 'A');
  const auto same_after_restarts = [&] {
    const StreamState state = d.State();
    d.Reopen();
    EXPECT_EQ(d.State(), state);
    d.Settle();
    d.Crash();
    EXPECT_EQ(d.State(), state);
  };
  d.PutMany("A", 10, payload);
  EXPECT_EQ(d.PurgeAll(), 10u);
  same_after_restarts();
  for (int i = 0; i < 5; ++i) {
    d.PutMany("B", 1, payload);
    d.PutMany("C", 1, payload);
  }
  EXPECT_EQ(d.Purge("B", 0, 0), 5u);
  same_after_restarts();
  EXPECT_EQ(d.Purge("", 0, 2), 3u);
  EXPECT_EQ(d.State().msgs, 2u);
  EXPECT_EQ(d.State().first_seq, 18u);
  EXPECT_EQ(d.State().last_seq, 20u);
  same_after_restarts();
  EXPECT_EQ(d.PurgeAll(), 2u);
  same_after_restarts();
  EXPECT_EQ(d.State().first_seq, 21u);
}

TEST_P(StoreSuite, WhatLimitsRemoveStaysGone) {
  StoreConfig config;
  config.max_msgs = 10;
  config.max_msgs_per_subject = 1;
  StoreDriver d = Make(config);
  const std::string payload(19, 'A');
  const auto expect = [&](uint64_t msgs, Seq first, Seq last) {
    const StreamState state = d.State();
    EXPECT_EQ(state.msgs, msgs);
    EXPECT_EQ(state.first_seq, first);
    EXPECT_EQ(state.last_seq, last);
    d.Reopen();
    EXPECT_EQ(d.State(), state);
    d.Settle();
    d.Crash();
    EXPECT_EQ(d.State(), state);
  };
  for (const char* subject : {"A", "B", "A", "B"}) d.PutMany(subject, 1, payload);
  expect(2, 3, 4);
  for (const char* subject : {"C", "D", "E", "F", "G", "H", "I", "J"}) {
    d.PutMany(subject, 1, payload);
  }
  expect(10, 3, 12);
  d.PutMany("ZZZ", 1, payload);
  expect(10, 4, 13);
}

TEST_P(StoreSuite, WhatUsersRemoveStaysGone) {
  StoreDriver d = Make();
  const auto same_after_restarts = [&] {
    const std::string before = d.Contents();
    const StreamState state = d.State();
    EXPECT_NE(state.first_time, WallTime{});
    d.Reopen();
    EXPECT_EQ(d.Contents(), before);
    EXPECT_EQ(d.State(), state);
    d.Settle();
    d.Crash();
    EXPECT_EQ(d.Contents(), before);
    EXPECT_EQ(d.State(), state);
  };
  d.PutMany("A", 1, std::string(19, 'A'));
  d.PutMany("Z", 1, std::string(19, 'Z'));
  EXPECT_EQ(d.Remove(1), StoreError::kNone);
  EXPECT_EQ(d.Load(2).payload, std::string(19, 'Z'));
  same_after_restarts();
  EXPECT_EQ(d.Load(1).error, StoreError::kNotFound);
  d.PutMany("A", 1, std::string(19, 'A'));
  d.PutMany("Z", 1, std::string(19, 'Z'));
  EXPECT_EQ(d.Remove(2), StoreError::kNone);
  EXPECT_EQ(d.Remove(4), StoreError::kNone);
  same_after_restarts();
  EXPECT_EQ(DeletedSeqs(d), std::vector<Seq>{4});
}

TEST_P(StoreSuite, EveryOtherOneErasedStaysErased) {
  StoreDriver d = Make();
  d.PutMany("foo", 100, "Hello World");
  for (Seq seq = 2; seq <= 100; seq += 2) EXPECT_EQ(d.Erase(seq), StoreError::kNone);
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(d.State().msgs, 50u);
    EXPECT_EQ(d.State().last_seq, 100u);
    for (Seq seq = 2; seq <= 100; seq += 2) ASSERT_EQ(d.Load(seq).error, StoreError::kDeleted);
    for (Seq seq = 1; seq <= 100; seq += 2) ASSERT_EQ(d.Load(seq).payload, "Hello World");
    d.Reopen();
  }
}

TEST_P(StoreSuite, AllThatIsTooOldGoesAtTheStart) {
  StoreConfig config;
  config.max_age = Seconds(1);
  StoreDriver d = Make(config);
  d.PutMany("foo", 100, "Hello World");
  d.Settle();
  d.Tick(Seconds(1));
  d.Reopen();
  d.Advance({});
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().bytes, 0u);
  EXPECT_EQ(d.State().num_subjects, 0u);
  EXPECT_EQ(d.State().first_seq, 101u);
}

TEST_P(StoreSuite, WhatWasRemovedBehindTheOldOnesIsNotTheFirstAtTheStart) {
  StoreConfig config;
  config.max_age = Seconds(10);
  StoreDriver d = Make(config);
  d.PutMany("foo", 7, "ZZ");
  d.Advance(Seconds(6));
  d.PutMany("foo", 2, "ZZ");
  const WallTime last = d.State().last_time;
  EXPECT_EQ(d.Remove(8), StoreError::kNone);
  d.Settle();
  d.Tick(Seconds(5));
  d.Reopen();
  d.Advance({});
  EXPECT_EQ(d.State().msgs, 1u);
  EXPECT_EQ(d.State().first_seq, 9u);
  EXPECT_EQ(d.State().first_time, last);
  d.Advance(Seconds(6));
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().first_seq, 10u);
  EXPECT_EQ(d.State().last_seq, 9u);
  EXPECT_EQ(d.State().last_time, last);
}

// A stream whose messages live for five seconds, but for every third one.
TEST_P(StoreSuite, TimesToLiveOfAnyMessageOutliveTheProcess) {
  StoreConfig config;
  config.allow_msg_ttl = true;
  const char* header = "NATS/1.0\r\nNats-TTL: 5\r\n\r\n";
  for (const bool crash : {false, true}) {
    StoreDriver d = Make(config);
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE((i % 3 == 0 ? d.Put("test") : d.Put("test", "", header, 5)).ok());
    }
    d.Settle();
    d.Tick(Seconds(1));
    crash ? d.Crash() : d.Reopen();
    d.Advance(Seconds(3));
    EXPECT_EQ(d.State().msgs, 10u);
    d.Advance(Seconds(2));
    EXPECT_EQ(DeletedSeqs(d), (std::vector<Seq>{2, 3, 5, 6, 8, 9}));
    EXPECT_EQ(d.State().msgs, 4u);
    EXPECT_EQ(d.State().first_seq, 1u);
    EXPECT_EQ(d.State().last_seq, 10u);
  }
}

TEST_P(StoreSuite, TheOnlyMessageExpiresAfterARestart) {
  StoreConfig config;
  config.allow_msg_ttl = true;
  StoreDriver d = Make(config);
  ASSERT_TRUE(d.Put("test", "", "NATS/1.0\r\nNats-TTL: 1\r\n\r\n", 1).ok());
  d.Reopen();
  EXPECT_EQ(d.State().msgs, 1u);
  EXPECT_EQ(d.State().first_seq, 1u);
  d.Advance(Seconds(2));
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().first_seq, 2u);
  EXPECT_EQ(d.State().last_seq, 1u);
}

TEST_P(StoreSuite, WhatExpiredStaysGone) {
  StoreConfig config;
  config.allow_msg_ttl = true;
  StoreDriver d = Make(config);
  ASSERT_TRUE(d.Put("test", "", "NATS/1.0\r\nNats-TTL: 1\r\n\r\n", 1).ok());
  ASSERT_TRUE(d.Put("test").ok());
  ASSERT_TRUE(d.Put("test", "", "NATS/1.0\r\nNats-TTL: 1\r\n\r\n", 1).ok());
  ASSERT_TRUE(d.Put("test").ok());
  d.Advance(Seconds(2));
  for (int life = 0; life < 3; ++life) {
    EXPECT_EQ(d.State().msgs, 2u);
    EXPECT_EQ(d.State().first_seq, 2u);
    EXPECT_EQ(d.State().last_seq, 4u);
    EXPECT_EQ(DeletedSeqs(d), std::vector<Seq>{3});
    // Without times to live nothing but what was written down says so.
    if (life == 1) {
      StoreConfig off = d.config();
      off.allow_msg_ttl = false;
      ASSERT_TRUE(d.Update(off).ok());
    }
    d.Reopen();
  }
}

TEST_P(StoreSuite, IsCountedOnceHoweverLateItComes) {
  StoreConfig config;
  config.max_msgs_per_subject = 1;
  StoreDriver d = Make(config);
  d.Advance(Hours(1));
  ASSERT_TRUE(d.Put("KV.X", "Y").ok());
  EXPECT_EQ(d.Filtered("KV.X"), (SimpleState{1, 1, 1}));
}

}  // namespace
}  // namespace dunlin
