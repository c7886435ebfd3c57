// Questions: next and previous, last, counts, states, times.
#include <algorithm>
#include <map>

#include "engine/base/rng.h"
#include "engine/subject/subject.h"
#include "tests/storage/store_suite.h"

namespace dunlin {
namespace {

std::string Numbered(const std::string& name, Seq seq) { return name + std::to_string(seq); }

TEST_P(StoreSuite, FindsTheNextOneThatAnyFilterMatches) {
  StoreDriver d = Make();
  for (Seq i = 0; i < 1000; ++i) d.PutMany(Numbered("foo.", i), 1, "ZZZ");
  for (Seq seq = 1; seq <= 1000; seq += 37) {
    EXPECT_EQ(d.Next({"foo.>"}, seq).seq, seq);
    EXPECT_EQ(d.Next({"foo.>"}, seq).subject, Numbered("foo.", seq - 1));
  }
  Filters all;
  for (Seq i = 0; i < 1000; ++i) all.push_back(Numbered("foo.", i));
  for (const Seq seq : {1, 500, 1000}) EXPECT_EQ(d.Next(all, seq).seq, seq);

  const Filters three = {"foo.2", "foo.222", "foo.999"};
  EXPECT_EQ(d.Next(three, 1).seq, 3u);
  EXPECT_EQ(d.Next(three, 4).seq, 223u);
  EXPECT_EQ(d.Next(three, 224).seq, 1000u);
  EXPECT_EQ(d.Next(three, 224).skip, 1000u);
  EXPECT_EQ(d.Next(three, 1001).error, StoreError::kEof);
  EXPECT_EQ(d.Next(three, 1001).skip, 1000u);
}

TEST_P(StoreSuite, FindsTheNextOneFarBehindWhereItBegins) {
  StoreDriver d = Make();
  for (Seq i = 0; i < 100; ++i) d.PutMany(Numbered("bar.", i), 1, "");
  ASSERT_EQ(d.Put("foo.1").seq, 101u);
  EXPECT_EQ(d.Next({"foo.*"}, 1).subject, "foo.1");
  EXPECT_EQ(d.Next({"foo.*"}, 1).seq, 101u);
  EXPECT_EQ(d.Next({"foo.*"}, 102).error, StoreError::kEof);
  EXPECT_EQ(d.Next({"foo.*"}, 102).skip, 101u);
  EXPECT_EQ(d.Next({"baz.*"}, 1).error, StoreError::kEof);
}

TEST_P(StoreSuite, FindsTheNextOneBetweenOthers) {
  StoreDriver d = Make();
  d.PutMany("foo.bar.a", 1);
  d.PutMany("foo.baz.bar", 10);
  d.PutMany("foo.bar.b", 1);
  d.PutMany("foo.baz.bar", 10);
  d.PutMany("foo.baz.bar.no.match", 10);
  const auto next = [&](const char* filter, Seq from) { return d.Next({filter}, from).seq; };
  EXPECT_EQ(next("foo.bar.*", 0), 1u);
  EXPECT_EQ(next("foo.bar.*", 1), 1u);
  EXPECT_EQ(next("foo.bar.*", 2), 12u);
  EXPECT_EQ(next("foo.bar.*", 13), 0u);
  EXPECT_EQ(next("foo.baz.*", 1), 2u);
  EXPECT_EQ(next("foo.baz.*", 11), 11u);
  EXPECT_EQ(next("foo.baz.*", 12), 13u);
  EXPECT_EQ(next("foo.baz.*", 22), 22u);
  EXPECT_EQ(next("foo.baz.*", 23), 0u);
  EXPECT_EQ(next("foo.nope.*", 1), 0u);
  EXPECT_EQ(next("foo.>", 1), 1u);
  EXPECT_EQ(next("foo.bar.a", 0), 1u);
  EXPECT_EQ(next("foo.bar.a", 2), 0u);
  EXPECT_EQ(next("foo.baz.bar", 1), 2u);
  EXPECT_EQ(next("foo.baz.bar", 12), 13u);
  EXPECT_EQ(next("foo.baz.bar", 23), 0u);
  EXPECT_EQ(next("foo.nope", 1), 0u);
}

TEST_P(StoreSuite, FindsThePreviousOne) {
  StoreDriver d = Make();
  EXPECT_EQ(d.Prev({}, 5).error, StoreError::kEof);
  for (const char* subject : {"foo.1", "bar.1", "foo.2", "bar.2", "foo.3"}) d.PutMany(subject, 1);
  EXPECT_EQ(d.Prev({}, 5).subject, "foo.3");
  EXPECT_EQ(d.Prev({""}, 500).seq, 5u);
  EXPECT_EQ(d.Prev({"foo.2"}, 5).seq, 3u);
  EXPECT_EQ(d.Prev({"foo.*"}, 5).seq, 5u);
  EXPECT_EQ(d.Prev({"foo.*"}, 4).seq, 3u);
  EXPECT_EQ(d.Prev({"baz.*"}, 5).error, StoreError::kEof);
  EXPECT_EQ(d.Prev({"baz.*"}, 5).skip, 1u);
  EXPECT_EQ(d.Prev({"foo.3"}, 4).error, StoreError::kEof);
  EXPECT_EQ(d.Prev({}, 0).error, StoreError::kEof);
}

TEST_P(StoreSuite, WalksBackwardOverFiltersAndEverything) {
  StoreDriver d = Make();
  for (Seq i = 1; i <= 300; ++i) d.PutMany(Numbered("foo.", i), 1, "ZZZ");
  const Filters three = {"foo.5", "foo.15", "foo.105"};
  std::vector<Seq> seen;
  for (GotMsg got = d.Prev(three, 300); got.error == StoreError::kNone;
       got = d.Prev(three, got.seq - 1)) {
    EXPECT_EQ(got.seq, got.skip);
    seen.push_back(got.seq);
  }
  EXPECT_EQ(seen, (std::vector<Seq>{105, 15, 5}));
  Seq expected = 300;
  GotMsg got = d.Prev({">"}, 300);
  for (; got.error == StoreError::kNone; got = d.Prev({">"}, got.seq - 1)) {
    ASSERT_EQ(got.seq, expected--);
  }
  EXPECT_EQ(expected, 0u);
  EXPECT_EQ(got.skip, 1u);
}

TEST_P(StoreSuite, FindsTheLastOfASubject) {
  StoreDriver d = Make();
  EXPECT_EQ(d.Last("foo").error, StoreError::kNotFound);
  for (const char* subject : {"foo.1", "bar.1", "foo.2", "bar.2"}) d.PutMany(subject, 1);
  EXPECT_EQ(d.Last("foo.1").seq, 1u);
  EXPECT_EQ(d.Last("foo.*").seq, 3u);
  EXPECT_EQ(d.Last(">").seq, 4u);
  EXPECT_EQ(d.Last("").seq, 4u);
  EXPECT_EQ(d.Last("foo").error, StoreError::kNotFound);
  d.Remove(3);
  EXPECT_EQ(d.Last("foo.*").seq, 1u);
}

TEST_P(StoreSuite, KnowsFirstAndLastOfASubjectWhateverGoes) {
  StoreDriver d = Make();
  const auto expect = [&](uint64_t msgs, Seq first, Seq last) {
    EXPECT_EQ(d.Subject("foo"), (SimpleState{msgs, first, last}));
    EXPECT_EQ(d.Next({"foo"}, 0).seq, first);
    EXPECT_EQ(d.Last("foo").seq, last);
  };
  d.PutMany("foo", 4);
  expect(4, 1, 4);
  d.Remove(1);
  expect(3, 2, 4);
  d.Remove(4);
  expect(2, 2, 3);
  d.Remove(2);
  expect(1, 3, 3);
  d.PutMany("foo", 3);
  expect(4, 3, 7);
  d.Remove(7);
  d.Remove(3);
  d.Remove(5);
  expect(1, 6, 6);
  d.PutMany("foo", 1);
  d.Remove(8);
  d.PutMany("foo", 1);
  expect(2, 6, 9);
}

TEST_P(StoreSuite, KnowsTheOnlyOneLeftOfASubject) {
  StoreDriver d = Make();
  const auto left = [&](Seq seq) {
    EXPECT_EQ(d.Subject("foo"), (SimpleState{1, seq, seq}));
    EXPECT_EQ(d.Next({"foo"}, 0).seq, seq);
    EXPECT_EQ(d.Last("foo").seq, seq);
  };
  const auto remove = [&](std::initializer_list<Seq> seqs) {
    for (const Seq seq : seqs) ASSERT_EQ(d.Remove(seq), StoreError::kNone);
  };
  d.PutMany("foo", 3);
  remove({2, 1});
  left(3);
  d.PutMany("foo", 2);
  remove({3, 5});
  left(4);
  d.PutMany("foo", 2);
  remove({7, 4});
  left(6);
  d.PutMany("foo", 2);
  remove({9, 8});
  left(6);
}

TEST_P(StoreSuite, SumsUpSubjects) {
  StoreDriver d = Make();
  Rng rng(22);
  std::map<std::string, uint64_t> counts;
  for (int i = 0; i < 2000; ++i) {
    const std::string subject =
        (rng.Chance(1, 2) ? "foo." : "bar.") + std::to_string(rng.Below(100));
    ++counts[subject];
    ASSERT_TRUE(d.Put(subject, "Hello").ok());
  }
  using Totals = std::vector<std::pair<std::string, uint64_t>>;
  const auto expected = [&](const char* filter) {
    Totals totals;
    for (const auto& [subject, count] : counts) {
      if (subject::MatchesLiteral(subject, filter)) totals.emplace_back(subject, count);
    }
    return totals;
  };
  for (const char* filter : {"foo.*", "bar.*", "*.*", "foo.7", "*.7", "x.*", ">"}) {
    EXPECT_EQ(TotalsOf(&d.store(), filter), expected(filter)) << filter;
  }
  EXPECT_EQ(TotalsOf(&d.store(), ""), expected(">"));
  EXPECT_EQ(d.State().num_subjects, counts.size());
}

// The slow way, over the messages themselves.
SimpleState CountBySight(StoreDriver& d, const Filters& filters, Seq from, bool last_only) {
  SimpleState sum;
  std::map<std::string, bool> seen;
  for (Seq seq = d.State().last_seq; seq >= std::max<Seq>(from, 1); --seq) {
    const GotMsg got = d.Load(seq);
    if (got.error != StoreError::kNone) continue;
    const bool matches = std::any_of(
        filters.begin(), filters.end(),
        [&](const std::string& filter) { return subject::MatchesLiteral(got.subject, filter); });
    if (!matches || (last_only && std::exchange(seen[got.subject], true))) continue;
    ++sum.msgs;
    if (sum.last == 0) sum.last = seq;
    sum.first = seq;
  }
  return sum;
}

TEST_P(StoreSuite, CountsWhatIsPending) {
  StoreDriver d = Make();
  Rng rng(5);
  const char* tokens[] = {"foo", "bar", "baz"};
  for (int i = 0; i < 1500; ++i) {
    std::string subject = tokens[rng.Below(3)];
    for (int t = 0; t < 3; ++t) subject += std::string(".") + tokens[rng.Below(3)];
    ASSERT_TRUE(d.Put(subject, "Hello World").ok());
    if (rng.Chance(1, 5)) d.Remove(rng.Below(d.State().last_seq) + 1);
  }
  for (const char* filter :
       {"foo.>", "*.bar.>", "foo.bar.*.baz", "*.foo.bar.*", "foo.foo.bar.baz", ">"}) {
    for (const Seq from : {0, 1, 2, 20, 400, 777, 1222, 1499, 1500, 1501}) {
      const SimpleState seen = CountBySight(d, {filter}, from, false);
      EXPECT_EQ(d.Pending({filter}, from), seen.msgs) << filter << " from " << from;
      if (filter != std::string(">")) {
        EXPECT_EQ(d.Filtered(filter, from), seen) << filter << " from " << from;
      }
      EXPECT_EQ(d.Pending({filter}, from, true), CountBySight(d, {filter}, from, true).msgs)
          << filter << " last, from " << from;
    }
  }
  const Filters two = {"foo.bar.>", "*.*.baz.foo"};
  for (const Seq from : {1, 333, 999}) {
    EXPECT_EQ(d.Pending(two, from), CountBySight(d, two, from, false).msgs);
    EXPECT_EQ(d.Pending(two, from, true), CountBySight(d, two, from, true).msgs);
  }
}

TEST_P(StoreSuite, CountsWhatManyFiltersMatch) {
  StoreDriver d = Make();
  Rng rng(8);
  for (int i = 0; i < 3000; ++i) d.PutMany(Numbered("ev.", rng.Below(500)), 1, "ZZZ");
  Filters filters;
  for (Seq i = 0; i < 500; i += 2) filters.push_back(Numbered("ev.", i));
  EXPECT_EQ(d.Pending(filters, 1234), CountBySight(d, filters, 1234, false).msgs);
}

TEST_P(StoreSuite, CountsFromWithinASubject) {
  StoreDriver d = Make();
  for (const char* subject : {"foo.foo", "foo.bar", "foo.baz", "foo.zzz"}) {
    d.PutMany("foo.aaa", 1);
    d.PutMany(subject, 2);
  }
  EXPECT_EQ(d.Pending({"foo.*"}, 4), 9u);
  EXPECT_EQ(d.Pending({"foo.aaa"}, 4), 3u);
}

TEST_P(StoreSuite, CountsTheLastOfEachSubjectAcrossHoles) {
  StoreDriver d = Make();
  d.PutMany("foo.A", 10, "x");
  d.PutMany("foo.B", 1, "x");
  d.PutMany("foo.C", 1, "x");
  ASSERT_TRUE(d.Skip(13, 87).ok());
  d.PutMany("foo.B", 1, "x");
  ASSERT_TRUE(d.Skip(101, 899).ok());
  d.PutMany("foo.C", 1, "x");
  EXPECT_EQ(d.Pending({"foo.*"}, 13, true), 2u);
  EXPECT_EQ(d.Pending({"foo.*", "foo.B"}, 13, true), 2u);
  EXPECT_EQ(d.Pending({}, 13, true), 2u);
  EXPECT_EQ(d.Pending({}, 0, true), 3u);
}

TEST_P(StoreSuite, FindsTheNextOneBeyondWhatWent) {
  StoreDriver d = Make();
  d.PutMany("foo.BB.bar", 2, "hello");
  d.PutMany("foo.AA.bar", 1, "hello");
  d.PutMany("foo.BB.bar", 5, "hello");
  d.PutMany("foo.AA.bar", 2, "hello");
  d.Remove(3);
  d.Remove(4);
  EXPECT_EQ(d.Next({"foo.AA.bar"}, 4).seq, 9u);
  EXPECT_EQ(d.Next({"foo.AA.bar"}, 11).error, StoreError::kEof);
  EXPECT_EQ(d.Next({"foo.*.bar"}, 4).seq, 5u);
}

TEST_P(StoreSuite, FindsTheLastOfAFilterAmongManyMessages) {
  StoreDriver d = Make();
  d.PutMany("foo.22.bar", 1, "hello");
  d.PutMany("foo.22.baz", 2, "ok");
  d.PutMany("foo.22.bar", 1, "hello22");
  EXPECT_EQ(d.Last("foo.*.bar").payload, "hello22");
  d.PutMany("foo.11.foo", 100, "hello");
  EXPECT_EQ(d.Last("foo.22.*").seq, 4u);
  d.Reopen();
  EXPECT_EQ(d.Last("foo.22.*").seq, 4u);
  EXPECT_EQ(d.Last("*.*.baz").seq, 3u);
}

TEST_P(StoreSuite, CountsASubjectWhoseFirstOneWent) {
  StoreDriver d = Make();
  d.PutMany("foo.baz", 1, "hello");
  d.PutMany("foo.foo", 300, "hello");
  d.PutMany("foo.baz", 2, "hello");
  EXPECT_EQ(d.Remove(1), StoreError::kNone);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(d.Filtered("foo.baz"), (SimpleState{2, 302, 303}));
    EXPECT_EQ(d.Filtered("*.baz"), (SimpleState{2, 302, 303}));
    EXPECT_EQ(d.Pending({"foo.baz"}, 1), 2u);
  }
}

TEST_P(StoreSuite, CountsNothingBeyondTheEnds) {
  StoreDriver d = Make();
  EXPECT_EQ(d.Pending({}, 0), 0u);
  EXPECT_EQ(d.Filtered("foo"), (SimpleState{}));
  d.PutMany("foo", 3);
  EXPECT_EQ(d.Pending({"foo"}, 4), 0u);
  EXPECT_EQ(d.Filtered("foo", 4), (SimpleState{}));
  EXPECT_EQ(d.Filtered("", 1), (SimpleState{3, 1, 3}));
  EXPECT_EQ(d.Filtered(">", 2), (SimpleState{2, 2, 3}));
}

TEST_P(StoreSuite, GivesTheStateOfEachSubject) {
  StoreDriver d = Make();
  for (int i = 0; i < 3; ++i) {
    for (const char* subject : {"b.1", "a.2", "a.1"}) d.PutMany(subject, 1);
  }
  d.Remove(3);
  const std::vector<SubjectState> expected = {{"a.1", {2, 6, 9}}, {"a.2", {3, 2, 8}}};
  EXPECT_EQ(d.Subjects("a.*"), expected);
  EXPECT_EQ(d.Subjects("").size(), 3u);
  EXPECT_EQ(d.Subjects(">").size(), 3u);
  EXPECT_TRUE(d.Subjects("c.*").empty());
  d.Reopen();
  EXPECT_EQ(d.Subjects("a.*"), expected);
}

TEST_P(StoreSuite, FindsTheLastOfManySubjects) {
  StoreDriver d = Make();
  for (int i = 0; i < 33; ++i) {
    for (const char* subject : {"foo.foo", "foo.bar", "foo.baz"}) d.PutMany(subject, 1, "abc");
  }
  for (int i = 0; i < 33; ++i) {
    for (const char* subject : {"bar.foo", "bar.bar", "bar.baz"}) d.PutMany(subject, 1, "abc");
  }
  using Seqs = std::vector<Seq>;
  const auto lasts = [&](const Filters& filters, Seq max) {
    return d.MultiLasts(filters, max).seqs;
  };
  const Filters foos = {"foo.foo", "foo.bar", "foo.baz"}, bars = {"bar.foo", "bar.bar", "bar.baz"};
  EXPECT_EQ(lasts({"foo.*"}, 3), (Seqs{1, 2, 3}));
  EXPECT_EQ(lasts({"foo.*"}, 0), (Seqs{97, 98, 99}));
  EXPECT_EQ(lasts({"bar.*"}, 0), (Seqs{196, 197, 198}));
  EXPECT_EQ(lasts({"bar.*"}, 99), Seqs{});
  EXPECT_EQ(lasts(foos, 3), (Seqs{1, 2, 3}));
  EXPECT_EQ(lasts(foos, 0), (Seqs{97, 98, 99}));
  EXPECT_EQ(lasts(bars, 0), (Seqs{196, 197, 198}));
  EXPECT_EQ(lasts(bars, 99), Seqs{});
  EXPECT_EQ(lasts({"foo.foo"}, 3), (Seqs{1}));
  EXPECT_EQ(lasts({"foo.foo"}, 50), (Seqs{49}));
  EXPECT_EQ(lasts({"foo.*", "foo.bar"}, 3), (Seqs{1, 2, 3}));
  EXPECT_EQ(lasts({"bar.>", "bar.bar", "bar.baz"}, 0), (Seqs{196, 197, 198}));
  EXPECT_EQ(lasts({">"}, 0), (Seqs{97, 98, 99, 196, 197, 198}));
  EXPECT_EQ(lasts({">"}, 99), (Seqs{97, 98, 99}));
  EXPECT_EQ(lasts({">"}, 150), (Seqs{97, 98, 99, 148, 149, 150}));
}

TEST_P(StoreSuite, RefusesMoreLastsThanAllowed) {
  StoreDriver d = Make();
  for (Seq i = 1; i <= 100; ++i) d.PutMany(Numbered("foo.", i), 1, "abc");
  EXPECT_EQ(d.MultiLasts({"foo.*"}, 0, 10).error, StoreError::kTooManyResults);
  EXPECT_TRUE(d.MultiLasts({"foo.*"}, 0, 10).seqs.empty());
  EXPECT_EQ(d.MultiLasts({"foo.*"}, 0, 100).seqs.size(), 100u);
  EXPECT_EQ(d.MultiLasts({"foo.*"}, 10, 10).seqs.size(), 10u);
}

TEST_P(StoreSuite, FindsTheLastOfAVeryGreatManySubjects) {
  StoreDriver d = Make();
  for (Seq i = 1; i <= 9000; ++i) ASSERT_TRUE(d.Put(Numbered("foo.", i % 8500), "").ok());
  const std::vector<Seq> all = d.MultiLasts({"foo.*"}).seqs;
  EXPECT_EQ(all.size(), 8500u);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(all.front(), 501u);
  EXPECT_EQ(d.MultiLasts({"foo.*"}, 8500).seqs.front(), 1u);
}

TEST_P(StoreSuite, FindsLastsAfterTheLastOneWent) {
  StoreDriver d = Make();
  for (const char* subject :
       {"foo", "bar", "foo", " baz", "foo", "foo", "bar", "foo", "bar", "baz"}) {
    d.PutMany(subject, 1);
  }
  EXPECT_EQ(d.MultiLasts({"foo", "bar"}).seqs, (std::vector<Seq>{8, 9}));
  d.Remove(8);
  EXPECT_EQ(d.MultiLasts({"foo", "bar"}).seqs, (std::vector<Seq>{6, 9}));
  EXPECT_EQ(d.Last("foo").seq, 6u);
  d.PutMany("foo", 1);
  d.Remove(11);
  EXPECT_EQ(d.Last("foo").seq, 6u);
}

TEST_P(StoreSuite, FindsASequenceByItsTime) {
  StoreDriver d = Make();
  EXPECT_EQ(d.FromTime(d.now().wall), 1u);
  std::vector<WallTime> times = {{}};
  for (int i = 1; i <= 10; ++i) {
    d.Advance(Millis(1));
    times.push_back(d.Put("foo").time);
  }
  EXPECT_EQ(d.FromTime({}), 1u);
  for (Seq seq = 1; seq <= 10; ++seq) {
    EXPECT_EQ(d.FromTime(times[seq]), seq);
    EXPECT_EQ(d.FromTime(times[seq] + Nanos(1)), seq + 1);
  }
  for (Seq seq = 4; seq <= 7; ++seq) d.Remove(seq);
  EXPECT_EQ(d.FromTime(times[2]), 2u);
  EXPECT_EQ(d.FromTime(times[3] + Nanos(1)), 8u);
  EXPECT_EQ(d.FromTime(times[5]), 8u);
}

TEST_P(StoreSuite, FindsASequenceByItsTimeBeforeHolesAtTheEnd) {
  StoreDriver d = Make();
  WallTime middle;
  for (int i = 1; i <= 1000; ++i) {
    d.Tick(i == 501 ? Millis(100) : Micros(1));
    d.PutMany("A", 1, "OK");
    if (i == 500) middle = d.now().wall + Millis(50);
  }
  for (Seq seq = 900; seq <= 1000; ++seq) d.Remove(seq);
  EXPECT_EQ(d.FromTime(middle), 501u);
  EXPECT_EQ(d.FromTime(d.now().wall), 1001u);

  StoreDriver e = Make();
  std::vector<WallTime> times;
  for (int i = 0; i < 3; ++i) {
    e.Advance(Millis(1));
    times.push_back(e.Put("foo").time);
  }
  e.Remove(3);
  EXPECT_EQ(e.FromTime(times[1]), 2u);
  EXPECT_EQ(e.FromTime(times[2]), 4u);
}

}  // namespace
}  // namespace dunlin
