// The cache as the index shows it: what is in it, what it saves, and that it is never wrong.
#include "engine/subject/result_cache.h"

#include <gtest/gtest.h>

#include "engine/subject/sublist.h"
#include "tests/engine/subject/sublist_testing.h"

namespace dunlin::subject {
namespace {

uint64_t Hits(Sublist& list) { return list.Stats().cache_hits; }

TEST(ResultCache, ARepeatedSubjectIsAHit) {
  Sublist list({});
  Add(list, "foo", 1);
  for (int i = 0; i < 4; ++i) (void)list.Match("foo");
  EXPECT_EQ(Hits(list), 3u);
  EXPECT_EQ(list.Stats().CacheHitRate(), 0.75);
  (void)list.Match("bar");
  (void)list.Match("foo");  // No longer the last subject, and still there.
  EXPECT_EQ(Hits(list), 4u);
}

TEST(ResultCache, InterestAsksTheCacheAndDoesNotFillIt) {
  Sublist list({});
  const SubHandle foo = Add(list, "foo", 1);
  EXPECT_TRUE(list.HasInterest("foo"));
  EXPECT_FALSE(list.HasInterest("bar"));
  EXPECT_EQ(list.NumInterest("foo").plain, 1u);
  EXPECT_EQ(Hits(list), 0u);
  EXPECT_EQ(list.Stats().num_cache, 0u);
  (void)list.Match("foo");
  for (uint64_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(list.HasInterest("foo"));
    EXPECT_EQ(Hits(list), 2 * i + 1);
    EXPECT_EQ(list.NumInterest("foo").plain, 1u);
    EXPECT_EQ(Hits(list), 2 * i + 2);
  }
  // That nobody listens is a result as well.
  (void)list.Match("bar");
  EXPECT_FALSE(list.HasInterest("bar"));
  EXPECT_EQ(Hits(list), 11u);
  EXPECT_EQ(list.NumInterest("bar").plain, 0u);
  EXPECT_EQ(Hits(list), 12u);
  list.Remove(foo);
  EXPECT_FALSE(list.HasInterest("foo"));
}

TEST(ResultCache, ALiteralChangeDropsOneResult) {
  Sublist list({});
  Add(list, "other", 1);
  (void)list.Match("foo");
  (void)list.Match("other");
  EXPECT_EQ(list.Stats().num_cache, 2u);
  const SubHandle foo = Add(list, "foo", 2);
  EXPECT_EQ(list.Stats().num_cache, 1u);
  EXPECT_EQ(Plain(list, "foo"), Refs({2}));
  const uint64_t hits = Hits(list);
  (void)list.Match("other");
  EXPECT_EQ(Hits(list), hits + 1);
  list.Remove(foo);
  EXPECT_EQ(list.Stats().num_cache, 1u);
  EXPECT_EQ(Plain(list, "foo"), Refs());
}

TEST(ResultCache, APatternChangeIsSeenByWhatItMatchesAndSparesTheRest) {
  Sublist list({});
  Add(list, "foo.*", 1);
  Add(list, "foo.bar", 2);
  EXPECT_EQ(Plain(list, "foo.baz"), Refs({1}));
  EXPECT_EQ(Plain(list, "foo.bar"), Refs({1, 2}));
  EXPECT_EQ(Plain(list, "spared"), Refs());
  const SubHandle rest = Add(list, "foo.>", 3);
  EXPECT_EQ(Plain(list, "foo.bar"), Refs({1, 2, 3}));
  EXPECT_EQ(Plain(list, "foo.baz"), Refs({1, 3}));
  uint64_t hits = Hits(list);
  EXPECT_EQ(Plain(list, "spared"), Refs());
  EXPECT_EQ(Hits(list), hits + 1);
  list.Remove(rest);
  EXPECT_EQ(Plain(list, "foo.bar"), Refs({1, 2}));
  hits = Hits(list);
  EXPECT_EQ(Plain(list, "spared"), Refs());
  EXPECT_EQ(Hits(list), hits + 1);
}

TEST(ResultCache, AResultThatMissedTooManyPatternsIsMadeAnew) {
  for (const uint32_t changes : {ResultCache::kChangesMax, ResultCache::kChangesMax + 1}) {
    Sublist list({});
    Add(list, "foo", 1);
    EXPECT_EQ(Plain(list, "foo"), Refs({1}));
    for (uint32_t i = 0; i < changes; ++i) Add(list, "x" + std::to_string(i) + ".*", 2);
    const uint64_t hits = Hits(list);
    EXPECT_EQ(Plain(list, "foo"), Refs({1}));
    EXPECT_EQ(Hits(list) - hits, changes <= ResultCache::kChangesMax ? 1u : 0u);
  }
}

TEST(ResultCache, EachOfTheRememberedPatternsCounts) {
  for (uint32_t which = 0; which < ResultCache::kChangesMax; ++which) {
    Sublist list({});
    Add(list, "keep", 1);
    EXPECT_EQ(Plain(list, "foo.bar"), Refs());
    for (uint32_t i = 0; i < ResultCache::kChangesMax; ++i) {
      Add(list, i == which ? "foo.*" : "x" + std::to_string(i) + ".*", 2);
    }
    EXPECT_EQ(Plain(list, "foo.bar"), Refs({2})) << which;
  }
}

TEST(ResultCache, IsEmptyWhenAllSubscriptionsAreGone) {
  Sublist list({});
  const SubHandle literal = Add(list, "a.b.c.d", 1);
  EXPECT_EQ(Plain(list, "a.b.c.d"), Refs({1}));
  const SubHandle star = Add(list, "a.b.*.d", 2);
  const SubHandle rest = Add(list, "a.b.>", 3);
  EXPECT_EQ(Plain(list, "a.b.c.d"), Refs({1, 2, 3}));
  for (const SubHandle handle : {literal, rest, star}) list.Remove(handle);
  EXPECT_EQ(list.Stats().num_cache, 0u);
  EXPECT_EQ(list.BytesUsed(), 0u);
  EXPECT_EQ(Plain(list, "a.b.c.d"), Refs());
}

TEST(ResultCache, StaysWithinItsEntries) {
  Sublist list({.cache_entries_max = 1000});
  Add(list, "foo.*", 1);
  for (int i = 0; i < 3000; ++i) (void)list.Match("foo." + std::to_string(i));
  EXPECT_EQ(list.Stats().num_cache, 1000u);
  list.CheckInvariants();
}

TEST(ResultCache, StaysWithinItsBytes) {
  constexpr size_t kBytes = 100'000;
  Sublist list({.cache_bytes_max = kBytes});
  for (SubRef i = 0; i < 500; ++i) Add(list, "foo.*", i);  // A result takes some 2 KB.
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(list.Match("foo." + std::to_string(i)).plain().size(), 500u);
  list.CheckInvariants();
  EXPECT_GT(list.Stats().num_cache, 20u);
  EXPECT_LT(list.Stats().num_cache, 50u);
}

TEST(ResultCache, ATooLargeResultIsRightWithoutBeingKept) {
  Sublist list({.cache_bytes_max = 1000});
  for (SubRef i = 0; i < 500; ++i) Add(list, "foo.*", i);
  Add(list, "bar", 1);
  EXPECT_EQ(Plain(list, "foo.x").size(), 500u);
  EXPECT_EQ(Plain(list, "foo.x").size(), 500u);
  EXPECT_EQ(Plain(list, "bar"), Refs({1}));
  EXPECT_EQ(Plain(list, "foo.x").size(), 500u);
  EXPECT_EQ(list.Stats().num_cache, 1u);
  Add(list, "foo.x", 500);
  EXPECT_EQ(Plain(list, "foo.x").size(), 501u);
}

TEST(ResultCache, AResultLivesAsLongAsItsEpoch) {
  Sublist list({.cache_entries_max = 8});
  Add(list, "foo", 1);
  const MatchResult* foo = &list.Match("foo");
  const uint64_t epoch = list.result_epoch();
  for (int i = 0; i < 7; ++i) (void)list.Match("bar." + std::to_string(i));
  EXPECT_EQ(list.result_epoch(), epoch) << "there was room for all";
  EXPECT_EQ(&list.Match("foo"), foo);
  (void)list.Match("one.too.many");
  EXPECT_NE(list.result_epoch(), epoch);
  const uint64_t later = list.result_epoch();
  Add(list, "x", 1);
  EXPECT_NE(list.result_epoch(), later);
}

TEST(ResultCache, OffMeansNothingIsKept) {
  Sublist list({.cache = false});
  for (const auto* subject : {"foo", "bar", "baz", "foo.bar.baz"}) Add(list, subject, 1);
  const SubHandle more = Add(list, "more", 1);
  list.Remove(more);
  (void)list.Match("a.b.c");
  for (int i = 0; i < 10; ++i) (void)list.Match("bar");
  EXPECT_FALSE(list.cache_enabled());
  EXPECT_EQ(list.Stats().num_cache, 0u);
  EXPECT_EQ(list.Stats().cache_hits, 0u);
  EXPECT_EQ(list.Stats().num_matches, 11u);
}

TEST(SublistStats, CountWhatHappened) {
  Sublist list({});
  const SubHandle foo = Add(list, "foo", 1);
  Add(list, "foo", 2);
  Add(list, "foo", 3, "q1");
  Add(list, "foo", 4, "q1");
  Add(list, "bar", 5);
  list.Remove(foo);
  (void)list.Match("foo");
  (void)list.Match("bar");
  (void)list.Match("nobody");
  (void)list.Match("foo");
  const SublistStats stats = list.Stats();
  EXPECT_EQ(stats.num_subscriptions, 4u);
  EXPECT_EQ(stats.num_inserts, 5u);
  EXPECT_EQ(stats.num_removes, 1u);
  EXPECT_EQ(stats.num_matches, 4u);
  EXPECT_EQ(stats.num_cache, 3u);
  EXPECT_EQ(stats.CacheHitRate(), 0.25);
  EXPECT_EQ(stats.max_fanout, 2u);  // One plain subscriber and one group, whatever its members.
  EXPECT_EQ(stats.AvgFanout(), 1.0);
}

TEST(SublistStats, OfSeveralListsAddUp) {
  Sublist one({}), other({});
  Add(one, "foo", 1);
  Add(other, "bar", 1);
  Add(other, "*", 2);
  for (int i = 0; i < 4; ++i) {
    (void)one.Match("foo");
    (void)other.Match("bar");
  }
  SublistStats sum;
  EXPECT_EQ(sum.CacheHitRate(), 0);
  EXPECT_EQ(sum.AvgFanout(), 0);
  sum.Add(one.Stats());
  sum.Add(other.Stats());
  EXPECT_EQ(sum.CacheHitRate(), 0.75);
  EXPECT_EQ(sum.max_fanout, 2u);
  EXPECT_EQ(sum.AvgFanout(), 1.5);
  EXPECT_EQ(sum.num_subscriptions, 3u);
}

}  // namespace
}  // namespace dunlin::subject
