// What goes, by hand or by limits: what is counted, and what is found, from then on.
#include <map>
#include <set>

#include "engine/base/rng.h"
#include "tests/storage/store_suite.h"

namespace dunlin {
namespace {

using Totals = std::vector<std::pair<std::string, uint64_t>>;

std::string Numbered(const std::string& name, Seq seq) { return name + std::to_string(seq); }

TEST_P(StoreSuite, ForgetsTheSubjectOfTheFirstThatIsRemoved) {
  StoreDriver d = Make();
  for (Seq i = 0; i < 100; ++i) d.PutMany(Numbered("foo.bar.", i), 1, std::string(99, 'Z'));
  d.Settle();
  ASSERT_EQ(d.Remove(1), StoreError::kNone);
  EXPECT_EQ(d.Next({"foo.>"}, 1).subject, "foo.bar.1");
  EXPECT_TRUE(d.Subjects("foo.bar.0").empty());
  EXPECT_TRUE(TotalsOf(&d.store(), "foo.bar.0").empty());
  EXPECT_EQ(d.State().num_subjects, 99u);
}

TEST_P(StoreSuite, SaysHowMuchOfItsRoomIsInUse) {
  StoreDriver d = Make();
  d.PutMany("foo", 100, std::string(50, 'Z'));
  d.Settle();
  const Utilization full = d.store().Utilised();
  EXPECT_EQ(full.used, d.State().bytes);
  EXPECT_EQ(full.total, full.used);
  for (Seq seq = 2; seq <= 100; seq += 2) ASSERT_EQ(d.Remove(seq), StoreError::kNone);
  d.Settle();
  const Utilization half = d.store().Utilised();
  EXPECT_EQ(half.used, full.used / 2);
  EXPECT_EQ(half.used, d.State().bytes);
  EXPECT_GE(half.total, half.used);
}

TEST_P(StoreSuite, ForgetsTheSubjectOfWhatIsErased) {
  StoreDriver d = Make();
  for (Seq i = 1; i <= 3; ++i) d.PutMany(Numbered("test.", i), 1, Numbered("msg", i));
  ASSERT_EQ(d.Erase(1), StoreError::kNone);
  d.Settle();
  EXPECT_EQ(d.State().num_subjects, 2u);
  EXPECT_EQ(TotalsOf(&d.store(), ">"), (Totals{{"test.2", 1}, {"test.3", 1}}));
  EXPECT_EQ(d.Subjects("test.*").size(), 2u);
}

TEST_P(StoreSuite, LoadsTheNeighbourOfWhatIsErased) {
  StoreDriver d = Make();
  d.PutMany("foo", 2, "Hello World");
  ASSERT_EQ(d.Erase(1), StoreError::kNone);
  d.Settle();
  EXPECT_EQ(d.Load(2).payload, "Hello World");
}

TEST_P(StoreSuite, CountsEachSubjectWhateverGoes) {
  StoreDriver d = Make();
  Rng rng(11);
  std::map<std::string, uint64_t> expected;
  for (int i = 0; i < 500; ++i) {
    std::string subject;
    for (uint64_t tokens = rng.Below(6) + 1; tokens > 0; --tokens) {
      for (uint64_t length = rng.Below(8) + 1; length > 0; --length) {
        subject.push_back(static_cast<char>('a' + rng.Below(26)));
      }
      if (tokens > 1) subject.push_back('.');
    }
    ASSERT_TRUE(d.Put(subject).ok());
    ++expected[subject];
  }
  const auto check = [&] {
    EXPECT_EQ(TotalsOf(&d.store(), ""), Totals(expected.begin(), expected.end()));
    EXPECT_EQ(d.State().num_subjects, expected.size());
  };
  check();
  for (int i = 0; i < 250; ++i) {
    const GotMsg got = d.Load(rng.Below(500) + 1);
    if (got.error != StoreError::kNone) continue;
    ASSERT_EQ(d.Remove(got.seq), StoreError::kNone);
    if (--expected[got.subject] == 0) expected.erase(got.subject);
  }
  d.Settle();
  check();
  d.ReopenWithoutIndexes();
  check();
  d.PurgeAll();
  expected.clear();
  check();
}

TEST_P(StoreSuite, NamesNoSubjectThatWasNeverThere) {
  StoreDriver d = Make();
  Rng rng(3);
  std::set<std::string> known;
  const size_t sizes[] = {999, 2664, 1665};
  for (int i = 0; i < 400; ++i) {
    const std::string subject = Numbered("foo.", rng.Below(100) + 1);
    known.insert(subject);
    ASSERT_TRUE(d.Put(subject, std::string(sizes[rng.Below(3)], 'A')).ok());
  }
  d.ReopenWithoutIndexes();
  std::set<std::string> found;
  for (const auto& [subject, total] : TotalsOf(&d.store(), ">")) found.insert(subject);
  EXPECT_EQ(found, known);
}

TEST_P(StoreSuite, CountsOnceWhatALoweredLimitTakes) {
  const std::string payload(10'000, 'x');
  for (const bool by_bytes : {false, true}) {
    StoreDriver d = Make();
    d.PutMany("foo", 10, payload);
    const uint64_t before = d.State().bytes;
    d.Changes();
    StoreConfig config = d.config();
    if (by_bytes) {
      config.max_bytes = static_cast<int64_t>(d.Bytes("foo", payload));
    } else {
      config.max_msgs = 1;
    }
    ASSERT_TRUE(d.Update(config).ok());
    d.Settle();
    EXPECT_EQ(d.State().msgs, 1u);
    EXPECT_EQ(d.State().first_seq, 10u);
    EXPECT_EQ(d.State().bytes, d.Bytes("foo", payload));
    EXPECT_EQ(TotalsOf(&d.store(), "foo"), (Totals{{"foo", 1}}));
    uint64_t msgs = 0, bytes = 0;
    for (const StoreChange& change : d.Changes()) {
      msgs += change.msgs;
      bytes += change.bytes;
    }
    EXPECT_EQ(msgs, 9u);
    EXPECT_EQ(before - bytes, d.State().bytes);
  }
}

TEST_P(StoreSuite, KeepsTheOnlyOneOfASubjectBeforeManyOfOthers) {
  StoreConfig config;
  config.max_msgs_per_subject = 1;
  StoreDriver d = Make(config);
  d.PutMany("baz", 1, "");
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(d.Put("foo").ok());
    ASSERT_TRUE(d.Put("bar").ok());
  }
  EXPECT_EQ(d.State().num_subjects, 3u);
  EXPECT_EQ(d.State().msgs, 3u);
  EXPECT_EQ(d.State().first_seq, 1u);
  EXPECT_EQ(d.State().num_deleted, 1998u);
  d.ReopenWithoutIndexes();
  EXPECT_EQ(Listing(d), (std::vector<std::string>{"1 baz", "2000 foo", "2001 bar"}));
}

TEST_P(StoreSuite, KeepsToTheLimitOfASubjectThatIsAskedForInBetween) {
  StoreConfig config;
  config.max_msgs_per_subject = 2;
  StoreDriver d = Make(config);
  for (const char* subject : {"A", "A", "B", "B"}) d.PutMany(subject, 1, std::string(22, 'A'));
  for (int i = 0; i < 200; ++i) {
    const Seq seq = d.Put("A", std::string(22, 'A')).seq;
    if (i % 3 == 0) d.Settle();
    EXPECT_EQ(d.Last("A").seq, seq);
  }
  d.Settle();
  EXPECT_EQ(d.Subject("A"), (SimpleState{2, 203, 204}));
  EXPECT_EQ(d.Subject("B"), (SimpleState{2, 3, 4}));
}

TEST_P(StoreSuite, AMessageTakesThePlaceOfItsSubjectsOldOneOnly) {
  StoreConfig config;
  config.max_msgs = 3;
  config.max_msgs_per_subject = 1;
  StoreDriver d = Make(config);
  for (const char* subject : {"a", "b", "c"}) d.PutMany(subject, 1, std::string(150, 'x'));
  for (int i = 0; i < 9; ++i) {
    d.Settle();
    EXPECT_EQ(d.Load(d.State().first_seq).error, StoreError::kNone);
    d.Settle();
    d.PutMany(i % 2 == 0 ? "b" : "c", 1, std::string(150, 'x'));
    d.Settle();
    EXPECT_EQ(d.State().msgs, 3u);
    EXPECT_EQ(d.State().first_seq, 1u);
  }
}

TEST_P(StoreSuite, TruncatesToASequenceThatIsGone) {
  StoreDriver d = Make();
  d.PutMany("foo", 3, std::string(150, 'x'));
  ASSERT_EQ(d.Remove(2), StoreError::kNone);
  d.Settle();
  EXPECT_EQ(d.Truncate(2), StoreError::kNone);
  const StreamState state = d.State();
  EXPECT_EQ(state.msgs, 1u);
  EXPECT_EQ(state.first_seq, 1u);
  EXPECT_EQ(state.last_seq, 2u);
  EXPECT_EQ(state.num_deleted, 1u);
}

// Numbers of what another replica says is deleted, some of it known here, some in other pieces.
TEST_P(StoreSuite, TakesOverDeletionsThatItHasInOtherPieces) {
  StoreDriver d = Make();
  d.PutMany("foo", 250, "");
  d.SyncDeleted({{8, 8}, {9, 10}, {139, 160}, {170, 175}, {200, 210}});
  EXPECT_EQ(d.store().Deleted(),
            (std::vector<SeqRange>{{8, 10}, {139, 160}, {170, 175}, {200, 210}}));
  d.SyncDeleted({{5, 5}, {8, 8}, {9, 10}, {47, 138}, {139, 160}, {200, 220}});
  const std::vector<SeqRange> expected = {{5, 5}, {8, 10}, {47, 160}, {170, 175}, {200, 220}};
  EXPECT_EQ(d.store().Deleted(), expected);
  d.SyncDeleted({{5, 5}, {8, 10}, {47, 160}, {170, 175}, {200, 220}});
  EXPECT_EQ(d.store().Deleted(), expected);
  EXPECT_EQ(d.State().msgs, 250u - 1 - 3 - 114 - 6 - 21);
  d.ReopenWithoutIndexes();
  EXPECT_EQ(d.store().Deleted(), expected);
}

TEST_P(StoreSuite, RemovesRangesAcrossAndBeyondEverything) {
  StoreDriver d = Make();
  d.PutMany("foo", 20, std::string(16, 'p'));
  const auto deleted = [&](const std::vector<SeqRange>& ranges) {
    d.SyncDeleted(ranges);
    return d.store().Deleted();
  };
  using Ranges = std::vector<SeqRange>;
  EXPECT_EQ(deleted({{1, 1}}), Ranges{});
  EXPECT_EQ(d.State().first_seq, 2u);
  EXPECT_EQ(deleted({{1, 1}}), Ranges{});
  EXPECT_EQ(deleted({{1, 2}}), Ranges{});
  EXPECT_EQ(deleted({{3, 4}}), Ranges{});
  EXPECT_EQ(d.State().first_seq, 5u);
  EXPECT_EQ(deleted({{9, 13}}), (Ranges{{9, 13}}));
  EXPECT_EQ(deleted({{8, 8}}), (Ranges{{8, 13}}));
  EXPECT_EQ(deleted({{17, 17}}), (Ranges{{8, 13}, {17, 17}}));
  EXPECT_EQ(deleted({{20, 20}}), (Ranges{{8, 13}, {17, 17}, {20, 20}}));
  EXPECT_EQ(deleted({{7, 18}}), (Ranges{{7, 18}, {20, 20}}));
  d.ReopenWithoutIndexes();
  EXPECT_EQ(d.store().Deleted(), (Ranges{{7, 18}, {20, 20}}));
  EXPECT_EQ(deleted({{1, 30}}), Ranges{});
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().first_seq, 21u);
  EXPECT_EQ(d.State().last_seq, 20u);
}

TEST_P(StoreSuite, CountsExactlyOverVeryManySmallPieces) {
  StoreDriver d = Make();
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(d.Put("zzz", std::string(100, 'X')).ok());
  EXPECT_EQ(d.Pending({"zzz"}, 800), 1201u);
  EXPECT_EQ(d.Pending({"zzz"}, 1200), 801u);
  ASSERT_EQ(d.Remove(200), StoreError::kNone);
  ASSERT_EQ(d.Remove(1800), StoreError::kNone);
  EXPECT_EQ(d.Pending({"zzz"}, 800), 1200u);
  EXPECT_EQ(d.Pending({"zzz"}, 1200), 800u);
}

TEST_P(StoreSuite, FindsSubjectsAcrossALongGap) {
  StoreDriver d = Make();
  d.PutMany("foo.22.baz", 1, "hello");
  d.PutMany("foo.22.bar", 1, "hello");
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(d.Put("foo.1.foo", "hello").ok());
  d.PutMany("foo.22.baz", 2, "hello");
  d.PutMany("foo.22.bar", 2, "hello");
  ASSERT_EQ(d.Remove(1), StoreError::kNone);
  ASSERT_EQ(d.Remove(2), StoreError::kNone);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(d.Filtered("foo.22.*"), (SimpleState{4, 1003, 1006}));
    EXPECT_EQ(d.Subject("foo.22.baz"), (SimpleState{2, 1003, 1004}));
    EXPECT_EQ(d.Subject("foo.22.bar"), (SimpleState{2, 1005, 1006}));
  }
}

TEST_P(StoreSuite, KnowsSubjectsThatWereNotAskedForInAWhile) {
  StoreConfig config;
  config.max_msgs_per_subject = 2;
  StoreDriver d = Make(config);
  for (Seq i = 1; i <= 100; ++i) d.PutMany(Numbered("kv.foo.", i), 1, "value");
  for (Seq i = 1; i <= 100; ++i) d.PutMany(Numbered("kv.bar.", i), 1, "value");
  d.Settle();
  EXPECT_EQ(d.Subjects("kv.bar.>").size(), 100u);
  EXPECT_EQ(d.Subject("kv.bar.99"), (SimpleState{1, 199, 199}));
  d.PutMany("kv.foo.1", 1, "value22");
  EXPECT_EQ(d.State().msgs, 201u);
  EXPECT_EQ(d.Subject("kv.foo.1"), (SimpleState{2, 1, 201}));
}

TEST_P(StoreSuite, FindsEveryOneBetweenThoseThatWereReplaced) {
  StoreConfig config;
  config.max_msgs_per_subject = 1;
  StoreDriver d = Make(config);
  const std::string payload(19, 'A');
  for (Seq i = 0; i < 65; ++i) d.PutMany(Numbered("s", i), 1, payload);
  for (Seq i = 0; i < 65; i += 2) d.PutMany(Numbered("s", i), 1, payload);
  for (int i = 0; i < 2; ++i) {
    for (Seq seq = 1; seq <= 98; ++seq) {
      const GotMsg got = d.Load(seq);
      if (seq > 65) {
        EXPECT_EQ(got.subject, Numbered("s", 2 * (seq - 66)));
      } else if (seq % 2 == 0) {
        EXPECT_EQ(got.subject, Numbered("s", seq - 1));
      } else {
        EXPECT_EQ(got.error, seq == 1 ? StoreError::kNotFound : StoreError::kDeleted);
      }
    }
    d.ReopenWithoutIndexes();
  }
}

}  // namespace
}  // namespace dunlin
