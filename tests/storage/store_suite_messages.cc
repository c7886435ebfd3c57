// Storing, loading, removing; limits.
#include "tests/storage/store_suite.h"

namespace dunlin {
namespace {

constexpr char kHeader[] = "NATS/1.0\r\nname: derek\r\n\r\n";

TEST_P(StoreSuite, GivesBackWhatWasStored) {
  StoreDriver d = Make();
  const StoreResult result = d.Put("foo", "Hello World");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.seq, 1u);
  EXPECT_EQ(result.time, d.now().wall);
  const StreamState state = d.State();
  EXPECT_EQ(state.msgs, 1u);
  EXPECT_EQ(state.bytes, d.Bytes("foo", "Hello World"));
  const GotMsg got = d.Load(1);
  EXPECT_EQ(got.subject, "foo");
  EXPECT_EQ(got.payload, "Hello World");
  EXPECT_EQ(got.header, "");
  EXPECT_EQ(got.time, d.now().wall);
}

TEST_P(StoreSuite, KeepsHeadersApartFromPayloads) {
  StoreDriver d = Make();
  ASSERT_TRUE(d.Put("foo", "Hello World", kHeader).ok());
  EXPECT_EQ(d.State().bytes, d.Bytes("foo", "Hello World", kHeader));
  EXPECT_EQ(d.Load(1).header, kHeader);
  EXPECT_EQ(d.Load(1).payload, "Hello World");
  EXPECT_EQ(d.Erase(1), StoreError::kNone);
  EXPECT_EQ(d.State().bytes, 0u);
}

TEST_P(StoreSuite, TakesEmptyAndLargeMessages) {
  StoreDriver d = Make();
  ASSERT_TRUE(d.Put("foo").ok());
  const std::string large(3 << 20, 'x');
  ASSERT_TRUE(d.Put("foo", large).ok());
  EXPECT_EQ(d.Load(1).payload, "");
  EXPECT_EQ(d.Load(2).payload, large);
  EXPECT_EQ(d.Put(std::string(70'000, 's')).error, StoreError::kMsgTooLarge);
  EXPECT_EQ(d.State().last_seq, 2u);
}

TEST_P(StoreSuite, SaysWhyAMessageIsNotThere) {
  StoreDriver d = Make();
  EXPECT_EQ(d.Load(1).error, StoreError::kEof);
  d.PutMany("foo", 5);
  EXPECT_EQ(d.Remove(1), StoreError::kNone);
  EXPECT_EQ(d.Remove(3), StoreError::kNone);
  EXPECT_EQ(d.Load(1).error, StoreError::kNotFound);
  EXPECT_EQ(d.Load(3).error, StoreError::kDeleted);
  EXPECT_EQ(d.Load(6).error, StoreError::kEof);
  EXPECT_EQ(d.Remove(1), StoreError::kNotFound);
  EXPECT_EQ(d.Remove(3), StoreError::kDeleted);
  EXPECT_EQ(d.Erase(6), StoreError::kEof);
}

TEST_P(StoreSuite, StampsMessagesWithTheTimeTheyCome) {
  StoreDriver d = Make();
  for (Seq seq = 1; seq <= 10; ++seq) {
    d.Advance(Micros(5));
    EXPECT_EQ(d.Put("foo").time, d.now().wall);
    EXPECT_EQ(d.Load(seq).time, d.now().wall);
  }
  EXPECT_EQ(d.State().first_time, d.Load(1).time);
  EXPECT_EQ(d.State().last_time, d.Load(10).time);
  d.Remove(1);
  EXPECT_EQ(d.State().first_time, d.Load(2).time);
}

TEST_P(StoreSuite, StoresRawOnlyInSequence) {
  StoreDriver d = Make();
  const WallTime time{Seconds(5).ns};
  EXPECT_EQ(d.PutRaw("foo", "a", 2, time).error, StoreError::kInvalidSeq);
  EXPECT_EQ(d.PutRaw("foo", "a", 1, time).seq, 1u);
  EXPECT_EQ(d.PutRaw("foo", "a", 1, time).error, StoreError::kInvalidSeq);
  EXPECT_EQ(d.PutRaw("foo", "b", 0, time).seq, 2u);
  EXPECT_EQ(d.Load(2).time, time);
  EXPECT_STREQ(DescribeStoreError(StoreError::kInvalidSeq),
               "expected sequence does not match store");
}

TEST_P(StoreSuite, BeginsWhereItIsToldTo) {
  StoreConfig config;
  config.first_seq = 1000;
  StoreDriver d = Make(config);
  EXPECT_EQ(d.Put("A", "OK").seq, 1000u);
  EXPECT_EQ(d.Put("B", "OK").seq, 1001u);
  EXPECT_EQ(d.State().msgs, 2u);
  EXPECT_EQ(d.State().first_seq, 1000u);
  EXPECT_EQ(d.State().last_seq, 1001u);
}

TEST_P(StoreSuite, KeepsToTheNumberOfMessages) {
  StoreConfig config;
  config.max_msgs = 10;
  StoreDriver d = Make(config);
  d.PutMany("foo", 10);
  EXPECT_EQ(d.State().msgs, 10u);
  d.PutMany("foo", 1);
  EXPECT_EQ(d.State().msgs, 10u);
  EXPECT_EQ(d.State().first_seq, 2u);
  EXPECT_EQ(d.State().last_seq, 11u);
  EXPECT_EQ(d.Load(1).error, StoreError::kNotFound);
}

TEST_P(StoreSuite, KeepsToTheBytes) {
  const std::string payload(512, 'p');
  StoreConfig config;
  config.max_bytes = 1;
  const uint64_t each = Make().Bytes("foo", payload);
  config.max_bytes = static_cast<int64_t>(each * 100);
  StoreDriver d = Make(config);
  d.PutMany("foo", 100, payload);
  EXPECT_EQ(d.State().msgs, 100u);
  EXPECT_EQ(d.State().bytes, each * 100);
  d.PutMany("foo", 10, payload);
  EXPECT_EQ(d.State().msgs, 100u);
  EXPECT_EQ(d.State().bytes, each * 100);
  EXPECT_EQ(d.State().first_seq, 11u);
  EXPECT_EQ(d.State().last_seq, 110u);
}

TEST_P(StoreSuite, ALargeMessageTakesThePlaceOfManySmallOnes) {
  StoreConfig config;
  config.max_bytes = 64 * 1024;
  StoreDriver d = Make(config);
  d.PutMany("foo", 1000);
  const Seq first = d.State().first_seq;
  ASSERT_TRUE(d.Put("foo", std::string(63 * 1024, 'x')).ok());
  EXPECT_LE(d.State().bytes, 64u * 1024);
  EXPECT_GT(d.State().first_seq, first + 900);
  EXPECT_EQ(d.State().last_seq, 1001u);
}

TEST_P(StoreSuite, RefusesBytesBeyondTheLimitIfNewOnesAreDiscarded) {
  StoreConfig config;
  config.discard = DiscardPolicy::kNew;
  const uint64_t each = Make().Bytes("tiny", "1234567");
  config.max_bytes = static_cast<int64_t>(each * 3 + each / 2);
  StoreDriver d = Make(config);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(d.Put("tiny", "1234567").error, i < 3 ? StoreError::kNone : StoreError::kMaxBytes);
  }
  EXPECT_EQ(d.State().msgs, 3u);
  EXPECT_EQ(d.State().bytes, each * 3);
}

struct Discarding {
  int64_t max_msgs, max_bytes, per_subject;
  bool new_per_subject;
  StoreError error;
};

TEST_P(StoreSuite, DiscardsNewAsEachLimitSays) {
  const auto one = static_cast<int64_t>(Make().Bytes("foo", ""));
  for (const Discarding& c : {Discarding{1, -1, -1, false, StoreError::kMaxMsgs},
                              {-1, one, -1, false, StoreError::kMaxBytes},
                              {-1, -1, 1, false, StoreError::kNone},
                              {-1, -1, 1, true, StoreError::kMaxMsgsPerSubject},
                              {1, -1, 1, false, StoreError::kNone},
                              {-1, one, 1, false, StoreError::kNone},
                              {1, -1, 1, true, StoreError::kMaxMsgsPerSubject},
                              {-1, one, 1, true, StoreError::kMaxMsgsPerSubject}}) {
    StoreConfig config;
    config.discard = DiscardPolicy::kNew;
    config.max_msgs = c.max_msgs;
    config.max_bytes = c.max_bytes;
    config.max_msgs_per_subject = c.per_subject;
    config.discard_new_per_subject = c.new_per_subject;
    StoreDriver d = Make(config);
    ASSERT_TRUE(d.Put("foo").ok());
    EXPECT_EQ(d.Put("foo").error, c.error);
    const Seq last = c.error == StoreError::kNone ? 2 : 1;
    EXPECT_EQ(d.State().msgs, 1u);
    EXPECT_EQ(d.State().first_seq, last);
    EXPECT_EQ(d.State().last_seq, last);
    // What a leader has taken is not refused by whoever follows.
    ASSERT_TRUE(d.PutRaw("foo", "", 0, d.now().wall).ok());
    EXPECT_EQ(d.State().msgs, c.per_subject > 0 ? 1u : 2u);
    EXPECT_EQ(d.State().last_seq, last + 1);
  }
}

TEST_P(StoreSuite, LetsARollupPassTheLimitOfItsSubject) {
  StoreConfig config;
  config.discard = DiscardPolicy::kNew;
  config.discard_new_per_subject = true;
  config.max_msgs_per_subject = 1;
  StoreDriver d = Make(config);
  ASSERT_TRUE(d.Put("foo").ok());
  EXPECT_EQ(d.Put("foo").error, StoreError::kMaxMsgsPerSubject);
  EXPECT_TRUE(d.Put("foo", "", "NATS/1.0\r\nNats-Rollup: sub\r\n\r\n").ok());
  EXPECT_TRUE(d.Put("bar").ok());
}

TEST_P(StoreSuite, ReplacesAMessageByOneThatIsNotLarger) {
  StoreConfig config;
  config.discard = DiscardPolicy::kNew;
  config.max_msgs_per_subject = 1;
  config.max_bytes = static_cast<int64_t>(Make().Bytes("foo", "12345") + 2);
  StoreDriver d = Make(config);
  ASSERT_TRUE(d.Put("foo", "12345").ok());
  EXPECT_EQ(d.Put("foo", "12345678").error, StoreError::kMaxBytes);
  EXPECT_TRUE(d.Put("foo", "54321").ok());
  EXPECT_EQ(d.Load(2).payload, "54321");
}

TEST_P(StoreSuite, KeepsTheLastOnesOfEachSubject) {
  StoreConfig config;
  config.max_msgs_per_subject = 10;
  StoreDriver d = Make(config);
  for (int i = 0; i < 50; ++i) {
    d.PutMany("foo", 1);
    d.PutMany("bar", 1);
  }
  EXPECT_EQ(d.Subject("foo"), (SimpleState{10, 81, 99}));
  EXPECT_EQ(d.Subject("bar"), (SimpleState{10, 82, 100}));
  EXPECT_EQ(d.State().msgs, 20u);
  EXPECT_EQ(d.State().first_seq, 81u);
}

TEST_P(StoreSuite, FollowsAChangedLimitOfEachSubject) {
  StoreConfig config = Make().config();
  config.max_msgs_per_subject = 10;
  StoreDriver d = Make(config);
  config.max_msgs_per_subject = 50;
  ASSERT_TRUE(d.Update(config).ok());
  d.PutMany("foo", 22);
  EXPECT_EQ(d.Subject("foo").msgs, 22u);
  config.max_msgs_per_subject = 10;
  ASSERT_TRUE(d.Update(config).ok());
  EXPECT_EQ(d.Subject("foo"), (SimpleState{10, 13, 22}));
}

TEST_P(StoreSuite, EnforcesALimitOfEachSubjectThatWasNoneBefore) {
  StoreDriver d = Make();
  StoreConfig config = d.config();
  d.PutMany("foo", 5);
  config.max_msgs_per_subject = 1;
  ASSERT_TRUE(d.Update(config).ok());
  EXPECT_EQ(d.State().msgs, 1u);
  EXPECT_EQ(d.State().first_seq, 5u);
  config.max_msgs_per_subject = -2;
  ASSERT_TRUE(d.Update(config).ok());
  d.PutMany("foo", 3);
  EXPECT_EQ(d.State().msgs, 4u);
}

TEST_P(StoreSuite, TheNewestOfASubjectStaysWhenItsLimitBecomesOne) {
  StoreDriver d = Make();
  StoreConfig config = d.config();
  const std::string payload(100'000, 'x');
  d.PutMany("foo.0", 1, "");
  for (int i = 1; i <= 9; ++i) d.PutMany("foo." + std::to_string(i), 1, payload);
  d.PutMany("foo.0", 1, "");
  for (int i = 1; i <= 9; ++i) d.PutMany("foo." + std::to_string(i), 1, payload);
  const Seq last = d.Put("foo.0").seq;
  ASSERT_EQ(d.Remove(last), StoreError::kNone);
  config.max_msgs_per_subject = 1;
  ASSERT_TRUE(d.Update(config).ok());
  EXPECT_EQ(d.Subject("foo.0"), (SimpleState{1, 11, 11}));
  EXPECT_EQ(d.Last("foo.0").seq, 11u);
  EXPECT_EQ(d.Next({"foo.0"}, 0).seq, 11u);
  d.Reopen();
  EXPECT_EQ(d.Last("foo.0").seq, 11u);
}

TEST_P(StoreSuite, FollowsChangedLimitsOfMessagesAndBytes) {
  StoreDriver d = Make();
  StoreConfig config = d.config();
  d.PutMany("foo", 100);
  config.max_msgs = 60;
  ASSERT_TRUE(d.Update(config).ok());
  EXPECT_EQ(d.State().first_seq, 41u);
  config.max_bytes = static_cast<int64_t>(d.Bytes("foo", "ok") * 10);
  ASSERT_TRUE(d.Update(config).ok());
  EXPECT_EQ(d.State().msgs, 10u);
  config.discard = DiscardPolicy::kNew;
  config.max_msgs = 5;
  ASSERT_TRUE(d.Update(config).ok());
  EXPECT_EQ(d.State().msgs, 10u) << "nothing goes where new ones are discarded";
}

TEST_P(StoreSuite, ListsWhatIsDeletedBetweenFirstAndLast) {
  StoreDriver d = Make();
  d.PutMany("foo", 10);
  EXPECT_TRUE(DeletedSeqs(d).empty());
  for (Seq seq = 2; seq < 10; seq += 2) d.Remove(seq);
  EXPECT_EQ(DeletedSeqs(d), (std::vector<Seq>{2, 4, 6, 8}));
  EXPECT_EQ(d.State().num_deleted, 4u);
  d.Remove(1);
  d.Remove(3);
  EXPECT_EQ(DeletedSeqs(d), (std::vector<Seq>{6, 8}));
  EXPECT_EQ(d.State().first_seq, 5u);
  EXPECT_EQ(d.State().num_deleted, 2u);
  EXPECT_EQ(d.PurgeAll(), 4u);
  EXPECT_TRUE(DeletedSeqs(d).empty());
  EXPECT_EQ(d.State().num_deleted, 0u);
}

TEST_P(StoreSuite, CountsManyDeleted) {
  StoreDriver d = Make();
  d.PutMany("A", 2000, "OK");
  for (Seq seq = 1; seq <= 2000; ++seq) {
    if (seq * 7919 % 1999 < 1000) {
      ASSERT_EQ(d.Remove(seq), StoreError::kNone);
    }
  }
  const StreamState state = d.State();
  EXPECT_EQ(DeletedSeqs(d).size(), state.num_deleted);
  EXPECT_EQ(state.last_seq - state.first_seq + 1 - state.msgs, state.num_deleted);
}

TEST_P(StoreSuite, TheFirstSequenceIsTheNextOneWhenAllAreGone) {
  StoreDriver d = Make();
  d.PutMany("foo", 10);
  for (Seq seq = 1; seq <= 10; ++seq) d.Remove(seq);
  EXPECT_EQ(d.State().first_seq, 11u);
  EXPECT_EQ(d.State().last_seq, 10u);
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().num_deleted, 0u);
  EXPECT_EQ(d.State().first_time, WallTime{});
  EXPECT_EQ(d.Put("foo").seq, 11u);
  EXPECT_EQ(d.State().first_seq, 11u);
}

TEST_P(StoreSuite, TellsWhatItRemovedByItself) {
  StoreConfig config;
  config.max_msgs = 2;
  StoreDriver d = Make(config);
  d.PutMany("a", 1);
  d.PutMany("b", 2);
  std::vector<StoreChange> changes = d.Changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, StoreChange::Kind::kRemoved);
  EXPECT_EQ(changes[0].seq, 1u);
  EXPECT_EQ(changes[0].subject, "a");
  EXPECT_EQ(changes[0].bytes, d.Bytes("a", "ok"));
  d.PurgeAll();
  changes = d.Changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, StoreChange::Kind::kMany);
  EXPECT_EQ(changes[0].msgs, 2u);
  EXPECT_EQ(changes[0].bytes, 2 * d.Bytes("b", "ok"));
}

TEST_P(StoreSuite, TakesDeletionsOver) {
  StoreDriver d = Make();
  d.PutMany("foo", 20);
  d.Remove(7);
  d.SyncDeleted({{2, 4}, {7, 9}, {15, 15}, {19, 400}, {500, 600}});
  EXPECT_EQ(DeletedSeqs(d), (std::vector<Seq>{2, 3, 4, 7, 8, 9, 15, 19, 20}));
  EXPECT_EQ(d.State().last_seq, 20u);
  EXPECT_EQ(d.State().msgs, 11u);
  d.SyncDeleted({});
  d.SyncDeleted({{1, 4}});
  EXPECT_EQ(d.State().first_seq, 5u);
}

TEST_P(StoreSuite, IsTheSameAfterReopening) {
  StoreConfig config;
  config.max_msgs_per_subject = 3;
  StoreDriver d = Make(config);
  for (int i = 0; i < 30; ++i) {
    d.Advance(Seconds(1));
    ASSERT_TRUE(d.Put("foo." + std::to_string(i % 5), std::string(static_cast<size_t>(i), 'x'),
                      i % 3 == 0 ? kHeader : "")
                    .ok());
  }
  d.Remove(20);
  d.Erase(25);
  d.Skip(0, 4);
  const std::string before = d.Contents();
  const StreamState state = d.State();
  d.Reopen();
  EXPECT_EQ(d.Contents(), before);
  EXPECT_EQ(d.State(), state);
  d.Settle();
  d.Crash();
  EXPECT_EQ(d.Contents(), before);
  EXPECT_EQ(d.State(), state);
  EXPECT_EQ(d.Put("foo.9").seq, 35u);
}

TEST_P(StoreSuite, CountsWhatIsMissingAtTheEndInWhateverWayItWentMissing) {
  enum class Way { kRemove, kErase, kSkip };
  for (const bool empty : {false, true}) {
    for (const Way way : {Way::kRemove, Way::kErase, Way::kSkip}) {
      StoreDriver d = Make();
      if (!empty) d.PutMany("foo", 1);
      const Seq last = empty ? 1 : 2;
      if (way == Way::kSkip) {
        EXPECT_EQ(d.Skip(last).seq, last);
      } else {
        d.PutMany("foo", 1);
        EXPECT_EQ(way == Way::kErase ? d.Erase(last) : d.Remove(last), StoreError::kNone);
        EXPECT_EQ(d.Truncate(last), StoreError::kNone);
      }
      const StreamState state = d.State();
      EXPECT_EQ(state.msgs, empty ? 0u : 1u);
      EXPECT_EQ(state.first_seq, empty ? 2u : 1u);
      EXPECT_EQ(state.last_seq, last);
      d.Reopen();
      EXPECT_EQ(d.State(), state);
      d.Crash();
      EXPECT_EQ(d.State(), state);
    }
  }
}

}  // namespace
}  // namespace dunlin
