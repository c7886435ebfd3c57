#include "engine/subject/subject_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace dunlin::subject {
namespace {

using Set = SubjectSet<int>;
using Status = Set::Status;

std::vector<int> Matches(Set& set, std::string_view subject) {
  std::vector<int> values;
  set.Match(subject, [&](int value) { values.push_back(value); });
  std::sort(values.begin(), values.end());
  EXPECT_EQ(set.NumInterest(subject), values.size()) << subject;
  EXPECT_EQ(set.HasInterest(subject), !values.empty()) << subject;
  return values;
}

void Fill(Set& set, const std::vector<std::pair<std::string, int>>& pairs) {
  for (const auto& [subject, value] : pairs)
    EXPECT_EQ(set.Insert(subject, value), Status::kOk) << subject;
}

TEST(SubjectSet, StartsEmpty) {
  Set set;
  EXPECT_EQ(set.size(), 0u);
  EXPECT_EQ(set.BytesUsed(), 0u);
}

TEST(SubjectSet, CountsPairs) {
  Set set;
  Fill(set, {{"foo", 1}, {"bar", 1}, {"foo.bar", 1}, {"foo", 2}});
  EXPECT_EQ(set.size(), 4u);
  EXPECT_EQ(set.Insert("foo", 1), Status::kOk);
  EXPECT_EQ(set.size(), 4u) << "a pair is in the set once";
}

TEST(SubjectSet, WorksWithoutValues) {
  SubjectSet<> set;
  EXPECT_EQ(set.Insert("a.b.c"), SubjectSet<>::Status::kOk);
  EXPECT_EQ(set.Insert("a.*.c"), SubjectSet<>::Status::kOk);
  EXPECT_EQ(set.NumInterest("a.b.c"), 2u);
  EXPECT_EQ(set.Remove("a.b.c"), SubjectSet<>::Status::kOk);
  EXPECT_EQ(set.NumInterest("a.b.c"), 1u);
}

TEST(SubjectSet, MatchesLiteralsAndPatterns) {
  Set set;
  Fill(set, {{"foo", 1}, {"foo.bar.baz", 2}, {"a.b.c", 3}, {"a.*.c", 4}, {"a.b.*", 5}, {"a.>", 6}});
  EXPECT_EQ(Matches(set, "foo"), std::vector<int>({1}));
  EXPECT_EQ(Matches(set, "foo.bar"), std::vector<int>());
  EXPECT_EQ(Matches(set, "foo.bar.baz"), std::vector<int>({2}));
  EXPECT_EQ(Matches(set, "a.b.c"), std::vector<int>({3, 4, 5, 6}));
  EXPECT_EQ(Matches(set, "a.>"), std::vector<int>({6}));
}

TEST(SubjectSet, RemovesTheOnePair) {
  Set set;
  Fill(set, {{"a.b.c.d", 11}, {"a.b.*.d", 22}, {"a.b.>", 33}});
  EXPECT_EQ(Matches(set, "a.b.c.d"), std::vector<int>({11, 22, 33}));
  EXPECT_EQ(set.Remove("a.b.*.d", 22), Status::kOk);
  EXPECT_EQ(set.size(), 2u);
  EXPECT_EQ(Matches(set, "a.b.c.d"), std::vector<int>({11, 33}));
  EXPECT_EQ(set.Remove("a.b.>", 33), Status::kOk);
  EXPECT_EQ(Matches(set, "a.b.c.d"), std::vector<int>({11}));
  EXPECT_EQ(set.Remove("a.b.c.d", 11), Status::kOk);
  EXPECT_EQ(set.size(), 0u);
  EXPECT_EQ(set.BytesUsed(), 0u) << "no node stays behind";
  EXPECT_EQ(Matches(set, "a.b.c.d"), std::vector<int>());
}

TEST(SubjectSet, LeavesNothingBehind) {
  for (const auto* subject : {"a.b.c.d.e.f", "a.b.*.d.e.>"}) {
    Set set;
    Fill(set, {{subject, 1}});
    EXPECT_GT(set.BytesUsed(), 0u);
    EXPECT_EQ(set.Remove(subject, 1), Status::kOk);
    EXPECT_EQ(set.BytesUsed(), 0u) << subject;
  }
}

TEST(SubjectSet, RefusesInvalidSubjects) {
  Set set;
  for (const auto* bad :
       {".foo", "foo.", "foo..bar", "foo.bar..baz", "foo.>.baz", "a.b..d", "a.>.b"}) {
    EXPECT_EQ(set.Insert(bad, 1), Status::kInvalidSubject) << bad;
    EXPECT_EQ(set.Remove(bad, 1), Status::kInvalidSubject) << bad;
  }
  EXPECT_EQ(set.size(), 0u);
}

TEST(SubjectSet, RemovingWhatIsNotThereChangesNothing) {
  Set set;
  Fill(set, {{"foo", 1}, {"bar", 2}, {"baz", 3}});
  EXPECT_EQ(set.Remove("not.inserted", 1), Status::kNotFound);
  EXPECT_EQ(set.Remove("foo", 2), Status::kNotFound);
  EXPECT_EQ(set.Remove("foo", 1), Status::kOk);
  EXPECT_EQ(set.Remove("baz", 3), Status::kOk);
  EXPECT_EQ(set.size(), 1u);
  EXPECT_EQ(Matches(set, "bar"), std::vector<int>({2}));
}

TEST(SubjectSet, WildcardCharactersInsideATokenAreLiteral) {
  Set set;
  int value = 0;
  for (const auto* subject : {"foo.*-", "foo.>-"}) {
    Fill(set, {{subject, ++value}});
    EXPECT_EQ(Matches(set, "foo.bar"), std::vector<int>());
    EXPECT_EQ(Matches(set, subject), std::vector<int>({value}));
    EXPECT_EQ(set.Remove("foo.bar", value), Status::kNotFound);
    EXPECT_EQ(set.size(), 1u);
    EXPECT_EQ(set.Remove(subject, value), Status::kOk);
    EXPECT_EQ(set.size(), 0u);
  }
}

TEST(SubjectSet, SubjectsWithEmptyTokensMatchNothing) {
  Set set;
  Fill(set, {{">", 1}});
  for (const auto* subject : {".foo", "..foo", "foo..", "foo.", "foo..bar", "foo...bar"}) {
    EXPECT_EQ(Matches(set, subject), std::vector<int>()) << subject;
  }
}

TEST(SubjectSet, InterestFollowsEachKindOfPattern) {
  struct Case {
    const char* pattern;
    std::vector<std::string> covers, spares;
  };
  Set set;
  for (const Case& c : std::vector<Case>{{"foo", {"foo"}, {"bar", "foo.bar"}},
                                         {"foo.*", {"foo.bar"}, {"foo", "foo.bar.baz"}},
                                         {"foo.>", {"foo.bar", "foo.bar.baz"}, {"foo"}},
                                         {"*.>", {"foo.bar", "foo.baz", "foo.bar.baz"}, {"foo"}},
                                         {"*.bar", {"foo.bar"}, {"foo", "foo.baz", "foo.bar.baz"}},
                                         {"*", {"foo"}, {"foo.bar"}}}) {
    SCOPED_TRACE(c.pattern);
    Fill(set, {{c.pattern, 7}});
    for (const std::string& subject : c.covers)
      EXPECT_EQ(Matches(set, subject), std::vector<int>({7}));
    for (const std::string& subject : c.spares)
      EXPECT_EQ(Matches(set, subject), std::vector<int>());
    EXPECT_EQ(set.Remove(c.pattern, 7), Status::kOk);
    for (const std::string& subject : c.covers)
      EXPECT_EQ(Matches(set, subject), std::vector<int>());
  }
}

TEST(SubjectSet, OneValueMayStandUnderOverlappingSubjects) {
  Set set;
  Fill(set, {{"stream.A.child", 11}, {"stream.*", 11}});
  EXPECT_TRUE(set.HasInterest("stream.A.child"));
  EXPECT_TRUE(set.HasInterest("stream.A"));
}

TEST(SubjectSet, KnowsTheFullWildcard) {
  Set set;
  Fill(set, {{"stream.A.child", 11}, {"stream.*", 11}, {"stream.>", 11}});
  EXPECT_FALSE(set.MatchesFullWildcard());
  Fill(set, {{">", 11}});
  EXPECT_TRUE(set.MatchesFullWildcard());
}

TEST(SubjectSet, KnowsItsSingleFilter) {
  Set set;
  EXPECT_EQ(set.SingleFilter(), std::nullopt);
  Fill(set, {{"stream.A.child", 11}});
  EXPECT_EQ(set.SingleFilter(), "stream.A.child");
  Fill(set, {{"stream.A.child", 22}});
  EXPECT_EQ(set.SingleFilter(), "stream.A.child");
  Fill(set, {{"stream.A.other", 22}});
  EXPECT_EQ(set.SingleFilter(), std::nullopt);
  Fill(set, {{"stream.*", 33}});
  EXPECT_EQ(set.SingleFilter(), std::nullopt);

  Set with_ancestor;
  Fill(with_ancestor, {{"foo", 1}, {"foo.bar", 2}, {"foo.baz", 3}});
  EXPECT_EQ(with_ancestor.SingleFilter(), std::nullopt);
  Set siblings;
  Fill(siblings, {{"foo.bar", 2}, {"foo.baz", 3}});
  EXPECT_EQ(siblings.SingleFilter(), std::nullopt);
}

TEST(SubjectSet, KnowsWhatCouldMatchBelowAPrefix) {
  Set set;
  Fill(set, {{"foo.bar.baz", 1}, {"x.*.z", 2}, {"rest.>", 3}});
  for (const auto* prefix :
       {"foo", "foo.bar", "foo.bar.baz", "x", "x.y", "x.y.z", "rest", "rest.a.b.c"}) {
    EXPECT_TRUE(set.HasInterestStartingIn(prefix)) << prefix;
  }
  for (const auto* prefix : {"other.subject", "foo.baz", "foo.bar.baz.more", "x.y.w", "fo"}) {
    EXPECT_FALSE(set.HasInterestStartingIn(prefix)) << prefix;
  }
  Fill(set, {{"foo.*.test", 4}});
  EXPECT_TRUE(set.HasInterestStartingIn("foo.baz"));
  EXPECT_EQ(set.Remove("foo.*.test", 4), Status::kOk);
  EXPECT_FALSE(set.HasInterestStartingIn("foo.baz"));
}

}  // namespace
}  // namespace dunlin::subject
