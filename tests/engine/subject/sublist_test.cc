#include "engine/subject/sublist.h"

#include <gtest/gtest.h>

#include "tests/engine/subject/sublist_testing.h"

namespace dunlin::subject {
namespace {

TEST(Sublist, StartsEmpty) {
  WithAndWithoutCache([](Sublist& list) {
    EXPECT_EQ(list.size(), 0u);
    EXPECT_EQ(list.BytesUsed(), 0u);
    EXPECT_TRUE(list.Match("foo").empty());
  });
}

TEST(Sublist, CountsSubscriptions) {
  WithAndWithoutCache([](Sublist& list) {
    Add(list, "foo", 1);
    Add(list, "bar", 2);
    Add(list, "foo.bar", 3);
    EXPECT_EQ(list.size(), 3u);
  });
}

TEST(Sublist, LiteralsAreFound) {
  WithAndWithoutCache([](Sublist& list) {
    Add(list, "foo", 1);
    Add(list, "foo.bar.baz", 2);
    EXPECT_EQ(Plain(list, "foo"), Refs({1}));
    EXPECT_EQ(Plain(list, "foo.bar.baz"), Refs({2}));
    EXPECT_EQ(Plain(list, "foo.bar"), Refs());
  });
}

TEST(Sublist, AStarStandsForOneToken) {
  WithAndWithoutCache([](Sublist& list) {
    Add(list, "a.b.c", 1);
    Add(list, "a.*.c", 2);
    Add(list, "a.b.*", 3);
    EXPECT_EQ(Plain(list, "a.b.c"), Refs({1, 2, 3}));
    EXPECT_EQ(Plain(list, "a.x.c"), Refs({2}));
    EXPECT_EQ(Plain(list, "a.b.x"), Refs({3}));
    EXPECT_EQ(Plain(list, "a.b"), Refs());
    EXPECT_EQ(Plain(list, "a.b.c.d"), Refs());
  });
}

TEST(Sublist, ARestStandsForOneTokenOrMore) {
  WithAndWithoutCache([](Sublist& list) {
    Add(list, "a.b.c", 1);
    Add(list, "a.>", 2);
    EXPECT_EQ(Plain(list, "a.b.c"), Refs({1, 2}));
    EXPECT_EQ(Plain(list, "a"), Refs());
    // A wildcard in what is published is a token like others, which only wildcards match.
    EXPECT_EQ(Plain(list, "a.>"), Refs({2}));
    EXPECT_EQ(Plain(list, "a.*"), Refs({2}));
  });
}

TEST(Sublist, SubjectsWithEmptyTokensReachNobody) {
  WithAndWithoutCache([](Sublist& list) {
    Add(list, ">", 1);
    Add(list, ">", 2, "queue");
    for (const auto* subject :
         {"", ".", ".foo", "..foo", "foo..", "foo.", "foo..bar", "foo...bar"}) {
      EXPECT_TRUE(list.Match(subject).empty()) << subject;
      EXPECT_FALSE(list.HasInterest(subject)) << subject;
    }
  });
}

TEST(Sublist, RefusesInvalidSubjects) {
  WithAndWithoutCache([](Sublist& list) {
    for (const auto* subject :
         {"", ".foo", "foo.", "foo..bar", "foo.bar..baz", "foo.>.bar", "a.b..d"}) {
      EXPECT_EQ(list.Insert(subject, "", 1), SubHandle::kNone) << subject;
    }
    EXPECT_EQ(list.size(), 0u);
    EXPECT_EQ(list.BytesUsed(), 0u);
  });
}

TEST(Sublist, RefusesWhenItIsFull) {
  Sublist list({.subscriptions_max = 2});
  const SubHandle first = Add(list, "a", 1);
  Add(list, "b.*", 2);
  EXPECT_EQ(list.Insert("c", "", 3), SubHandle::kNone);
  EXPECT_EQ(list.Insert("a", "", 3), SubHandle::kNone);
  EXPECT_EQ(list.size(), 2u);
  list.Remove(first);
  Add(list, "c", 3);
}

TEST(Sublist, SubjectsMayBeLong) {
  WithAndWithoutCache([](Sublist& list) {
    for (const size_t size : {100u, 130u, 500u, 520u, 2000u, 2040u, 4096u, 100'000u}) {
      std::string subject(size, 'x');
      const SubHandle literal = Add(list, subject, 1);
      const SubHandle pattern = Add(list, subject + ".*", 2, subject);
      EXPECT_EQ(Plain(list, subject), Refs({1}));
      EXPECT_EQ(list.SubjectOf(literal), subject);
      EXPECT_EQ(list.QueueOf(pattern), subject);
      EXPECT_EQ(Grouped(list, subject + ".y"), Groups({{subject, {2}}}));
    }
    std::string deep = "a";
    for (int i = 0; i < 50'000; ++i) deep += ".a";
    Add(list, deep + ".>", 3);
    EXPECT_EQ(Plain(list, deep + ".b"), Refs({3}));
  });
}

TEST(Sublist, RemovalTakesJustTheOne) {
  WithAndWithoutCache([](Sublist& list) {
    const SubHandle literal = Add(list, "a.b.c.d", 1);
    const SubHandle star = Add(list, "a.b.*.d", 2);
    const SubHandle rest = Add(list, "a.b.>", 3);
    EXPECT_EQ(Plain(list, "a.b.c.d"), Refs({1, 2, 3}));
    list.Remove(literal);
    EXPECT_EQ(Plain(list, "a.b.c.d"), Refs({2, 3}));
    list.Remove(rest);
    EXPECT_EQ(Plain(list, "a.b.c.d"), Refs({2}));
    EXPECT_EQ(list.size(), 1u);
    list.Remove(star);
    EXPECT_EQ(Plain(list, "a.b.c.d"), Refs());
    EXPECT_EQ(list.size(), 0u);
  });
}

TEST(Sublist, TellsWhatAHandleStandsFor) {
  WithAndWithoutCache([](Sublist& list) {
    const SubHandle plain = Add(list, "a.*", 7);
    const SubHandle member = Add(list, "a.*", 8, "workers");
    EXPECT_EQ(list.SubjectOf(plain), "a.*");
    EXPECT_EQ(list.QueueOf(plain), "");
    EXPECT_EQ(list.RefOf(plain), 7u);
    EXPECT_EQ(list.SubjectOf(member), "a.*");
    EXPECT_EQ(list.QueueOf(member), "workers");
    EXPECT_EQ(list.RefOf(member), 8u);
  });
}

TEST(Sublist, PeerCountTellsFirstAndLastInterest) {
  WithAndWithoutCache([](Sublist& list) {
    const SubHandle first = Add(list, "foo", 1);
    EXPECT_EQ(list.PeerCount(first), 1u);
    Add(list, "*", 2);
    const SubHandle queued = Add(list, "foo", 3, "q");
    EXPECT_EQ(list.PeerCount(queued), 1u);
    const SubHandle second = Add(list, "foo", 4);
    EXPECT_EQ(list.PeerCount(second), 2u);
    list.Remove(first);
    EXPECT_EQ(list.PeerCount(second), 1u);
    EXPECT_EQ(list.CountExact("foo", ""), 1u);
    EXPECT_EQ(list.CountExact("foo", "q"), 1u);
    EXPECT_EQ(list.CountExact("foo", "other"), 0u);
    EXPECT_EQ(list.CountExact("*", ""), 1u);
    EXPECT_EQ(list.CountExact("bar", ""), 0u);
    EXPECT_EQ(list.FindExact("foo", "", 4), second);
    EXPECT_EQ(list.FindExact("foo", "", 1), SubHandle::kNone);
  });
}

TEST(Sublist, RemovingALiteralLeavesNothingBehind) {
  WithAndWithoutCache([](Sublist& list) {
    const SubHandle handle = Add(list, "a.b.c.d.e.f", 1);
    (void)list.Match("a.b.c.d.e.f");
    EXPECT_GT(list.BytesUsed(), 0u);
    list.Remove(handle);
    EXPECT_EQ(list.BytesUsed(), 0u);
  });
}

TEST(Sublist, RemovingAPatternPrunesItsNodes) {
  WithAndWithoutCache([](Sublist& list) {
    EXPECT_EQ(list.pattern_node_count(), 0u);
    const SubHandle deep = Add(list, "a.b.*.d.e.>", 1);
    EXPECT_EQ(list.pattern_node_count(), 6u);  // The root, and one for each token but '>'.
    const SubHandle shallow = Add(list, "a.b.*", 2);
    EXPECT_EQ(list.pattern_node_count(), 6u);
    list.Remove(deep);
    EXPECT_EQ(list.pattern_node_count(), 4u);
    EXPECT_EQ(Plain(list, "a.b.c"), Refs({2}));
    list.Remove(shallow);
    EXPECT_EQ(list.pattern_node_count(), 0u);
    EXPECT_EQ(list.BytesUsed(), 0u);
  });
}

TEST(Sublist, ManySubscribersOfOneSubjectComeAndGo) {
  WithAndWithoutCache([](Sublist& list) {
    std::vector<SubHandle> handles;
    for (SubRef i = 0; i < 512; ++i) handles.push_back(Add(list, "foo", i));
    EXPECT_EQ(Plain(list, "foo").size(), 512u);
    for (const SubRef gone : {256, 0, 511}) list.Remove(handles[gone]);
    const Refs left = Plain(list, "foo");
    EXPECT_EQ(left.size(), 509u);
    for (const SubRef gone : {256u, 0u, 511u}) {
      EXPECT_FALSE(std::binary_search(left.begin(), left.end(), gone)) << gone;
    }
  });
}

TEST(Sublist, SubscribersComeInOrderAndTheLastFillsAGap) {
  WithAndWithoutCache([](Sublist& list) {
    std::vector<SubHandle> handles;
    for (SubRef i = 0; i < 5; ++i) handles.push_back(Add(list, "foo", i));
    const auto refs = [&] {
      const auto plain = list.Match("foo").plain();
      return Refs(plain.begin(), plain.end());
    };
    EXPECT_EQ(refs(), Refs({0, 1, 2, 3, 4}));
    list.Remove(handles[1]);
    EXPECT_EQ(refs(), Refs({0, 4, 2, 3}));
    Add(list, "*", 9);
    Add(list, "foo", 8);
    Add(list, ">", 7);
    EXPECT_EQ(refs(), Refs({0, 4, 2, 3, 8, 7, 9}));
  });
}

TEST(Sublist, QueueGroupsStandAsideFromPlainSubscribers) {
  WithAndWithoutCache([](Sublist& list) {
    const SubHandle bar1 = Add(list, "foo", 1, "bar");
    EXPECT_EQ(Plain(list, "foo"), Refs());
    EXPECT_EQ(Grouped(list, "foo"), Groups({{"bar", {1}}}));
    const SubHandle baz2 = Add(list, "foo", 2, "baz");
    EXPECT_EQ(Grouped(list, "foo"), Groups({{"bar", {1}}, {"baz", {2}}}));
    const SubHandle plain = Add(list, "foo", 3);
    EXPECT_EQ(Plain(list, "foo"), Refs({3}));
    const SubHandle bar4 = Add(list, "foo", 4, "bar");
    const SubHandle baz5 = Add(list, "foo", 5, "baz");
    EXPECT_EQ(Grouped(list, "foo"), Groups({{"bar", {1, 4}}, {"baz", {2, 5}}}));
    list.Remove(plain);
    EXPECT_EQ(Plain(list, "foo"), Refs());
    list.Remove(bar1);
    EXPECT_EQ(Grouped(list, "foo"), Groups({{"bar", {4}}, {"baz", {2, 5}}}));
    list.Remove(bar4);
    EXPECT_EQ(Grouped(list, "foo"), Groups({{"baz", {2, 5}}}));
    list.Remove(baz2);
    list.Remove(baz5);
    EXPECT_EQ(list.BytesUsed(), 0u);
    EXPECT_TRUE(list.Match("foo").empty());
  });
}

TEST(Sublist, OneGroupMayHaveMembersFromSeveralPatterns) {
  WithAndWithoutCache([](Sublist& list) {
    Add(list, "foo.bar", 1, "b");
    Add(list, "foo.*", 2, "a");
    Add(list, "foo.>", 3, "b");
    Add(list, "foo.>", 4, "c");
    EXPECT_EQ(Grouped(list, "foo.bar"), Groups({{"a", {2}}, {"b", {1, 3}}, {"c", {4}}}));
    // A group stands where its first member does.
    const MatchResult& result = list.Match("foo.bar");
    ASSERT_EQ(result.group_count(), 3u);
    EXPECT_EQ(result.group(0).name, "b");
    EXPECT_EQ(result.group(1).name, "c");
    EXPECT_EQ(result.group(2).name, "a");
    EXPECT_EQ(Refs(result.group(0).members.begin(), result.group(0).members.end()), Refs({1, 3}));
  });
}

TEST(Sublist, WildcardCharactersInsideATokenAreLiteral) {
  WithAndWithoutCache([](Sublist& list) {
    for (const auto* subject : {"foo.*-", "foo.>-"}) {
      const SubHandle handle = Add(list, subject, 1);
      EXPECT_EQ(Plain(list, "foo.bar"), Refs());
      EXPECT_EQ(Plain(list, subject), Refs({1}));
      EXPECT_EQ(list.FindExact("foo.bar", "", 1), SubHandle::kNone);
      EXPECT_EQ(list.size(), 1u);
      list.Remove(handle);
      EXPECT_EQ(list.size(), 0u);
    }
  });
}

TEST(Sublist, InterestIsCountedWithoutAResult) {
  WithAndWithoutCache([](Sublist& list) {
    const auto count = [&](std::string_view subject) {
      const InterestCount interest = list.NumInterest(subject);
      EXPECT_EQ(list.HasInterest(subject), interest.plain + interest.queue > 0) << subject;
      return std::pair(interest.plain, interest.queue);
    };
    using Count = std::pair<size_t, size_t>;
    Add(list, "unrelated", 99);
    for (const std::string_view queue : {"", "bar"}) {
      const Count one = queue.empty() ? Count(1, 0) : Count(0, 1), none(0, 0);
      struct Case {
        std::string_view pattern;
        Count foo, foo_bar, foo_bar_baz;
      };
      for (const Case& c : std::vector<Case>{{"foo", one, none, none},
                                             {"foo.*", none, one, none},
                                             {"foo.>", none, one, one},
                                             {"*.>", none, one, one},
                                             {"*.bar", none, one, none},
                                             {"*", one, none, none}}) {
        SCOPED_TRACE(c.pattern);
        const SubHandle handle = Add(list, c.pattern, 1, queue);
        EXPECT_EQ(count("foo"), c.foo);
        EXPECT_EQ(count("foo.bar"), c.foo_bar);
        EXPECT_EQ(count("foo.bar.baz"), c.foo_bar_baz);
        (void)list.Match("foo.bar");  // Now from the cache, if there is one.
        EXPECT_EQ(count("foo.bar"), c.foo_bar);
        list.Remove(handle);
        EXPECT_EQ(count("foo"), none);
        EXPECT_EQ(count("foo.bar"), none);
        EXPECT_EQ(count("foo.bar.baz"), none);
      }
    }
  });
}

TEST(Sublist, InterestCountsMembersOfAllGroups) {
  WithAndWithoutCache([](Sublist& list) {
    for (const std::string_view pattern : {"foo.bar", "foo.*", "foo.>"}) {
      const SubHandle bar = Add(list, pattern, 1, "bar");
      const SubHandle baz = Add(list, pattern, 2, "baz");
      const SubHandle baz2 = Add(list, pattern, 3, "baz");
      EXPECT_EQ(list.NumInterest("foo.bar").queue, 3u);
      EXPECT_EQ(list.NumInterest("foo.bar").plain, 0u);
      EXPECT_EQ(list.NumInterest("foo").queue, 0u);
      list.Remove(bar);
      EXPECT_EQ(list.NumInterest("foo.bar").queue, 2u);
      list.Remove(baz);
      EXPECT_EQ(list.NumInterest("foo.bar").queue, 1u);
      EXPECT_TRUE(list.HasInterest("foo.bar"));
      list.Remove(baz2);
      EXPECT_EQ(list.NumInterest("foo.bar").queue, 0u);
      EXPECT_FALSE(list.HasInterest("foo.bar"));
    }
  });
}

TEST(Sublist, ADeadEndInTheTrieHidesNoOtherInterest) {
  WithAndWithoutCache([](Sublist& list) {
    Add(list, "stream.A.child", 1);
    Add(list, "stream.A.*.x", 2);
    Add(list, "stream.*", 3);
    EXPECT_TRUE(list.HasInterest("stream.A.child"));
    EXPECT_TRUE(list.HasInterest("stream.A"));
    EXPECT_EQ(Plain(list, "stream.A"), Refs({3}));
  });
}

TEST(Sublist, ReverseMatchFindsWhatCollides) {
  WithAndWithoutCache([](Sublist& list) {
    const std::vector<std::string> subjects = {"foo", "bar", "foo.bar", "foo.baz", "foo.bar.baz"};
    for (SubRef i = 0; i < subjects.size(); ++i) Add(list, subjects[i], i);
    const auto found = [&](std::string_view subject) {
      std::vector<SubHandle> handles;
      list.ReverseMatch(subject, handles);
      Refs refs;
      for (const SubHandle handle : handles) refs.push_back(list.RefOf(handle));
      return Sorted(refs);
    };
    EXPECT_EQ(found("foo"), Refs({0}));
    EXPECT_EQ(found("bar"), Refs({1}));
    EXPECT_EQ(found("*"), Refs({0, 1}));
    EXPECT_EQ(found("baz"), Refs());
    EXPECT_EQ(found("foo.*"), Refs({2, 3}));
    EXPECT_EQ(found("*.*"), Refs({2, 3}));
    EXPECT_EQ(found("*.bar"), Refs({2}));
    EXPECT_EQ(found("*.baz"), Refs({3}));
    EXPECT_EQ(found("bar.*"), Refs());
    EXPECT_EQ(found("*.bat"), Refs());
    EXPECT_EQ(found("foo.>"), Refs({2, 3, 4}));
    EXPECT_EQ(found(">"), Refs({0, 1, 2, 3, 4}));
  });
}

TEST(Sublist, ReverseMatchTakesWildcardsOnBothSides) {
  WithAndWithoutCache([](Sublist& list) {
    const SubHandle handle = Add(list, "uplink.*.*.>", 1);
    for (const auto* subject : {"uplink.1.*.*.>", "uplink.1.2.3.>"}) {
      std::vector<SubHandle> found;
      list.ReverseMatch(subject, found);
      EXPECT_EQ(found, std::vector<SubHandle>({handle})) << subject;
    }
  });
}

TEST(Sublist, NextVisitsEachSubscriptionOnceWhateverChanges) {
  WithAndWithoutCache([](Sublist& list) {
    std::vector<SubHandle> handles;
    for (SubRef i = 0; i < 3000; ++i) {
      handles.push_back(
          Add(list, (i % 3 == 0 ? "*.s" : "s") + std::to_string(i), i, i % 5 == 0 ? "q" : ""));
    }
    Refs seen;
    SubHandle at = SubHandle::kNone;
    for (int slice = 0; slice < 2; ++slice) {
      for (int i = 0; i < 1000; ++i) seen.push_back(list.RefOf(at = list.Next(at)));
      list.Remove(at);  // The very one we stand on, and some before and after.
      for (const SubRef gone : {10u, 11u, 2500u, 2501u}) {
        if (handles[gone] != SubHandle::kNone && handles[gone] != at) list.Remove(handles[gone]);
        handles[gone] = SubHandle::kNone;
      }
    }
    while ((at = list.Next(at)) != SubHandle::kNone) seen.push_back(list.RefOf(at));
    EXPECT_EQ(seen.size(), 2998u);  // All but the two removed before we came to them.
    const Refs once = Sorted(seen);
    EXPECT_EQ(std::adjacent_find(once.begin(), once.end()), once.end());
  });
}

TEST(Sublist, AHeldResultStaysAsItWas) {
  WithAndWithoutCache([](Sublist& list) {
    std::vector<SubHandle> handles;
    for (SubRef i = 0; i < 100; ++i)
      handles.push_back(Add(list, "foo", i, i % 2 == 0 ? "bar" : ""));
    for (int from_cache = 0; from_cache < 2; ++from_cache) {
      const ResultHold held = Sublist::Hold(list.Match("foo"));
      for (const SubHandle handle : handles) list.Remove(handle);
      EXPECT_TRUE(list.Match("foo").empty());
      EXPECT_EQ(held->plain().size(), 50u);
      ASSERT_EQ(held->group_count(), 1u);
      EXPECT_EQ(held->group(0).name, "bar");
      EXPECT_EQ(held->group(0).members.size(), 50u);
      for (SubRef i = 0; i < 100; ++i) handles[i] = Add(list, "foo", i, i % 2 == 0 ? "bar" : "");
      (void)list.Match("foo");
    }
  });
}

TEST(Sublist, AResultIsNotTouchedWhileTheListGrows) {
  WithAndWithoutCache([](Sublist& list) {
    Add(list, "foo", 0);
    for (SubRef i = 1; i < 200; ++i) {
      const ResultHold before = Sublist::Hold(list.Match("foo"));
      Add(list, i % 3 == 0 ? "*" : "foo", i);
      EXPECT_EQ(before->plain().size(), i);
      EXPECT_EQ(list.Match("foo").plain().size(), i + 1);
    }
  });
}

}  // namespace
}  // namespace dunlin::subject
