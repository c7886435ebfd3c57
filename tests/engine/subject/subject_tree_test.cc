#include "engine/subject/subject_tree.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/subject/subject.h"

namespace dunlin::subject {
namespace {

using Map = SubjectMap<uint32_t>;
using Strings = std::vector<std::string>;
using Step = SubjectTree::Walk::Step;

void Put(Map& map, std::string_view subject, uint32_t value) {
  const Map::Inserted inserted = map.Insert(subject);
  ASSERT_NE(inserted.value, nullptr);
  *inserted.value = value;
}

// What the filters match, in the order of the walk.
Strings Matches(const Map& map, const Strings& filters) {
  Strings out;
  int budget = 1 << 30;
  Map::Walk walk(map, filters);
  while (walk.Next(&budget) == Step::kFound) out.emplace_back(walk.subject());
  return out;
}

size_t Count(const Map& map, const std::string& filter) { return Matches(map, {filter}).size(); }

const Strings kFew = {"foo.bar",   "foo.bar.A", "foo.bar.B", "foo.bar.C",
                      "foo.baz.A", "foo.baz.B", "foo.baz.C"};

void PutFew(Map& map) {
  for (size_t i = kFew.size(); i > 0; --i) {
    Put(map, kFew[i - 1], static_cast<uint32_t>(i));
    map.CheckInvariants();
  }
}

TEST(SubjectTree, FindsWhatWasInsertedAndNothingElse) {
  Map map;
  EXPECT_EQ(map.Find("foo.bar.baz"), nullptr);
  Map::Inserted inserted = map.Insert("foo.bar.baz");
  EXPECT_TRUE(inserted.fresh);
  EXPECT_EQ(*inserted.value, 0u);
  *inserted.value = 22;
  inserted = map.Insert("foo.bar.baz");
  EXPECT_FALSE(inserted.fresh);
  EXPECT_EQ(*inserted.value, 22u);
  for (const char* other : {"foo.bar", "foo.bar.ba", "foo.bar.baz.", "foo.bar.bax", "f", "", "g"}) {
    EXPECT_EQ(map.Find(other), nullptr) << other;
  }
  Put(map, "foo.bar", 33);
  Put(map, "foo.bar_", 44);
  EXPECT_EQ(*map.Find("foo.bar.baz"), 22u);
  EXPECT_EQ(*map.Find("foo.bar"), 33u);
  EXPECT_EQ(map.size(), 3u);
  map.CheckInvariants();
}

TEST(SubjectTree, RefusesWhatNoMessageCanHave) {
  Map map;
  EXPECT_EQ(map.Insert("").value, nullptr);
  EXPECT_EQ(map.Insert(std::string(65536, 'a')).value, nullptr);
  EXPECT_NE(map.Insert(std::string(65535, 'a')).value, nullptr);
  EXPECT_EQ(map.size(), 1u);
}

TEST(SubjectTree, GrowsAndShrinksOverAllNumbersOfChildren) {
  Map map;
  for (int i = 0; i < 256; ++i) {
    Put(map, std::string("foo.bar.") + static_cast<char>(i), static_cast<uint32_t>(i));
    map.CheckInvariants();
  }
  Put(map, "foo.bar.", 1000);
  map.CheckInvariants();
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(*map.Find(std::string("foo.bar.") + static_cast<char>(i)), static_cast<uint32_t>(i));
  }
  for (int i = 255; i >= 0; --i) {
    EXPECT_TRUE(map.Remove(std::string("foo.bar.") + static_cast<char>(i)));
    EXPECT_FALSE(map.Remove(std::string("foo.bar.") + static_cast<char>(i)));
    map.CheckInvariants();
  }
  EXPECT_EQ(*map.Find("foo.bar."), 1000u);
}

TEST(SubjectTree, SplitsWhereSubjectsPart) {
  Map map;
  Put(map, "foo.bar.A", 11);
  Put(map, "foo.bar.B", 22);
  Put(map, "foo.bar.C", 33);
  Put(map, "foo.foo.A", 44);
  Put(map, "fo.foo", 55);
  map.CheckInvariants();
  EXPECT_EQ(*map.Find("foo.bar.A"), 11u);
  EXPECT_EQ(*map.Find("foo.foo.A"), 44u);
  EXPECT_EQ(*map.Find("fo.foo"), 55u);
}

TEST(SubjectTree, JoinsAgainWhereAForkIsGone) {
  Map map;
  PutFew(map);
  EXPECT_TRUE(map.Remove("foo.bar"));
  map.CheckInvariants();
  for (size_t i = 1; i < kFew.size(); ++i) EXPECT_EQ(*map.Find(kFew[i]), i + 1);
  EXPECT_EQ(Matches(map, {">"}), Strings(kFew.begin() + 1, kFew.end()));
}

TEST(SubjectTree, GivesMemoryBackWhenSubjectsGo) {
  Map map;
  Strings subjects;
  for (int i = 0; i < 5000; ++i) subjects.push_back("a.b." + std::to_string(i * 7919));
  for (const std::string& subject : subjects) Put(map, subject, 1);
  const size_t full = map.BytesUsed();
  for (size_t i = 0; i < 4900; ++i) ASSERT_TRUE(map.Remove(subjects[i]));
  EXPECT_LT(map.BytesUsed(), full * 2 / 3) << "pages go when their last block does";
  for (size_t i = 4900; i < subjects.size(); ++i) ASSERT_TRUE(map.Remove(subjects[i]));
  EXPECT_EQ(map.BytesUsed(), 0u);
  EXPECT_EQ(map.size(), 0u);
  PutFew(map);
  EXPECT_EQ(map.size(), kFew.size());
}

TEST(SubjectTree, RemovingWhatIsNotThereChangesNothing) {
  Map map;
  EXPECT_FALSE(map.Remove("foo"));
  PutFew(map);
  for (const char* other : {"", "f", "foo.ba", "foo.bar.", "foo.bar.A.B", "foo.bar.D", "bar"}) {
    EXPECT_FALSE(map.Remove(other)) << other;
  }
  EXPECT_EQ(map.size(), kFew.size());
}

// Bytes that the reference's tree refuses, or trips over, are bytes here.
TEST(SubjectTree, TakesAnyByte) {
  Map map;
  const Strings subjects = {std::string("foo\0", 4),
                            "foo",
                            std::string("foo\0\0bar", 8),
                            "foo\x7f",
                            "foo\x7f.a",
                            "\xff\xfe",
                            "foo."};
  for (size_t i = 0; i < subjects.size(); ++i) Put(map, subjects[i], static_cast<uint32_t>(i));
  map.CheckInvariants();
  for (size_t i = 0; i < subjects.size(); ++i) EXPECT_EQ(*map.Find(subjects[i]), i);
}

TEST(SubjectTree, MatchesASingleSubject) {
  Map map;
  Put(map, "foo.bar.baz.A", 1);
  for (const char* filter : {"foo.bar.*.A", "foo.*.baz.A", "foo.*.*.A", "foo.*.*.*", "*.*.*.*", ">",
                             "foo.>", "foo.*.>", "foo.bar.>", "foo.bar.*.>", "foo.bar.baz.A"}) {
    EXPECT_EQ(Count(map, filter), 1u) << filter;
  }
  for (const char* filter : {"foo.bar.baz", "foo.bar.baz.A.>", "*", "*.*.*", "foo.bar.*", ""}) {
    EXPECT_EQ(Count(map, filter), 0u) << filter;
  }
}

TEST(SubjectTree, MatchesAcrossForks) {
  Map map;
  PutFew(map);
  const std::map<std::string, size_t> expected = {
      {"foo.bar.A", 1}, {"foo.baz.A", 1},  {"foo.bar", 1}, {"foo.*.A", 2},   {"foo.bar.*", 3},
      {"foo.baz.*", 3}, {">", 7},          {"foo.>", 7},   {"foo.bar.>", 3}, {"foo.baz.>", 3},
      {"foo.ba", 0},    {"*.*", 1},        {"*.*.*", 6},   {"foo.*", 1},     {"fo.>", 0},
      {"*.baz.>", 3},   {"foo.bar.A.>", 0}};
  for (const auto& [filter, count] : expected) EXPECT_EQ(Count(map, filter), count) << filter;
}

TEST(SubjectTree, WalksInByteOrder) {
  Map map;
  PutFew(map);
  EXPECT_EQ(Matches(map, {">"}), kFew);
  EXPECT_EQ(Matches(map, {}), kFew);
  EXPECT_EQ(Matches(map, {"foo.*.B"}), (Strings{"foo.bar.B", "foo.baz.B"}));
}

TEST(SubjectTree, GivesEachSubjectItsValue) {
  Map map;
  PutFew(map);
  int budget = 1000;
  size_t seen = 0;
  const Strings all = {">"};
  for (Map::Walk walk(map, all); walk.Next(&budget) == Step::kFound; ++seen) {
    EXPECT_EQ(walk.subject(), kFew[seen]);
    EXPECT_EQ(*walk.value(), seen + 1);
  }
  EXPECT_EQ(seen, kFew.size());
}

TEST(SubjectTree, MatchesWithWildcardsInAnyPlace) {
  Map map;
  Put(map, "STATE.GLOBAL.CELL1.7PDSGAALXNN000010.PROPERTY-A", 5);
  Put(map, "STATE.GLOBAL.CELL1.7PDSGAALXNN000010.PROPERTY-B", 1);
  Put(map, "STATE.GLOBAL.CELL1.7PDSGAALXNN000010.PROPERTY-C", 2);
  EXPECT_EQ(Count(map, "STATE.GLOBAL.CELL1.7PDSGAALXNN000010.*"), 3u);

  map.Clear();
  for (const char* subject :
       {"foo.xxxxx.foo1234.zz", "foo.yyy.foo123.zz", "foo.yyybar789.zz", "foo.yyy.foo12345.zz",
        "foo.yyy.foo12345.yy", "foo.yyy.foo123456789.zz"}) {
    Put(map, subject, 22);
  }
  EXPECT_EQ(Count(map, "foo.*.foo123456789.*"), 1u);
  EXPECT_EQ(Count(map, "foo.*.*.zzz.foo.>"), 0u);

  map.Clear();
  Put(map, "A.B.C.D.0.G.H.I.0", 22);
  Put(map, "A.B.C.D.1.G.H.I.0", 22);
  EXPECT_EQ(Count(map, "A.B.*.D.1.*.*.I.0"), 1u);
}

TEST(SubjectTree, TakesForWildcardsOnlyWhatIsOne) {
  Map map;
  for (const char* subject : {"foo.123", "one.two.three.four.five", "'*.123", "bar"}) {
    Put(map, subject, 22);
  }
  EXPECT_EQ(Count(map, ">"), 4u);
  EXPECT_EQ(Count(map, "'*.*"), 1u);
  for (const char* filter : {"invalid.>", "foo.>.bar", "'*.*.*'", "`>`", "\">\"", "'>'", "'*.>'",
                             "'*.>.", "`invalid.>`", "'*.*'"}) {
    EXPECT_EQ(Count(map, filter), 0u) << filter;
  }
}

TEST(SubjectTree, HoldsLongTokens) {
  Map map;
  const std::string a = "a1.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0", b = a + std::string(40, 'b');
  Put(map, a, 1);
  Put(map, b, 2);
  Put(map, "a2.0", 3);
  Put(map, "a1.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1", 4);
  EXPECT_EQ(*map.Find(a), 1u);
  EXPECT_EQ(*map.Find(b), 2u);
  EXPECT_EQ(*map.Find("a2.0"), 3u);
}

// A subject of one letter more each: a tree as deep as it gets.
TEST(SubjectTree, IsDeepWithoutRecursion) {
  Map map;
  std::string subject;
  for (int i = 0; i < 4'000; ++i) Put(map, subject += 'a', static_cast<uint32_t>(i));
  map.CheckInvariants();
  EXPECT_EQ(Count(map, "*"), 4'000u);
  EXPECT_EQ(*map.Find(subject), 3'999u);
  for (; !subject.empty(); subject.pop_back()) ASSERT_TRUE(map.Remove(subject));
  EXPECT_EQ(map.BytesUsed(), 0u);
}

TEST(SubjectTreeWalk, MeetsAnySetOfFilters) {
  Map map;
  for (const char* subject : {"one.two.three.four", "one.two.three.five", "one.two.six",
                              "one.two.seven", "eight.nine", "stream.A", "stream.A.child"}) {
    Put(map, subject, 1);
  }
  const std::vector<std::pair<Strings, size_t>> cases = {
      {{"one.two.six", "eight.nine"}, 2},
      {{"one.two.*.*"}, 2},
      {{"one.two.*.four", "one.two.*.*"}, 2},
      {{"*.*", "*.*.*", "*.*.*.*"}, 7},
      {{"one.>"}, 4},
      {{"one.two.three.four", "one.>", ">"}, 7},
      {{"stream.A.>", "stream.A"}, 2},
      {{"stream.*.child", "stream.A"}, 2},
      {{"stream.A.child", "*.A.child", "stream.*.child", "stream.A.*", "stream.*.*", "*.A.*",
        "*.*.child"},
       1},
      {{"stream.A.child", "stream.*.>"}, 1},
      {{"stream.A.child", "*.*"}, 3},
      {{"stream.A.child", "stream.*"}, 2},
      {{"stream.A", "*.*.*"}, 4},
      {{"one"}, 0},
      {{"one", "eight", "ten"}, 0},
      {{"stream.A.not-child", "stream.A.child.>"}, 0},
      {{"one.*.six", "one.two.seven"}, 2},
      {{"one.*.*.four", "one.*.*.five", "one.*.three"}, 2},
      {{"one.two.*.*", "*.two.three.four"}, 2}};
  for (const auto& [filters, count] : cases) EXPECT_EQ(Matches(map, filters).size(), count);
}

// What two trees have in common: a walk over the smaller one, and a look into the other.
TEST(SubjectTreeWalk, CanBeHeldAgainstAnotherTree) {
  Map one, other;
  for (const char* subject : {"foo.bar", "foo.bar.baz.qux", "bar", "a.b.c", "a.b.ee", "bb.c.d"}) {
    Put(one, subject, 1);
  }
  for (const char* subject : {"foo.bar", "foo.bar.baz.qux", "baz", "a.b.d", "a.b.e", "b.c.d",
                              "foo.bar.baz.qux.alice", "foo.bar.baz.qux.bob"}) {
    Put(other, subject, 1);
  }
  Strings common;
  for (const std::string& subject : Matches(one, {})) {
    if (other.Find(subject) != nullptr) common.push_back(subject);
  }
  EXPECT_EQ(common, (Strings{"foo.bar", "foo.bar.baz.qux"}));
}

TEST(SubjectTreeWalk, StopsWhenNobodyAsksForMore) {
  Map map;
  PutFew(map);
  const Strings all = {"foo.>"};
  Map::Walk walk(map, all);
  int budget = 1000;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(walk.Next(&budget), Step::kFound);
  EXPECT_EQ(walk.subject(), kFew[2]);
  EXPECT_EQ(walk.Position(), kFew[2] + '\0');
}

TEST(SubjectTreeWalk, ShowsASubjectOnceHoweverManyFiltersMatch) {
  Map map;
  PutFew(map);
  EXPECT_EQ(Matches(map, {"foo.bar.*", "foo.bar.A", "*.bar.B", "foo.bar"}),
            (Strings{"foo.bar", "foo.bar.A", "foo.bar.B", "foo.bar.C"}));
  EXPECT_EQ(Matches(map, {"foo.baz.C", "foo.bar.A"}), (Strings{"foo.bar.A", "foo.baz.C"}));
  EXPECT_EQ(Matches(map, {"foo.bar.A", "foo.>"}), kFew);
  EXPECT_EQ(Matches(map, {"", "x"}), Strings{});
}

TEST(SubjectTreeWalk, LeavesBranchesThatCannotMatchAlone) {
  Map map;
  for (int i = 0; i < 10'000; ++i) Put(map, "a." + std::to_string(i), 1);
  Put(map, "b.1", 1);
  int budget = 100;
  const Strings filters = {"b.*", "a.77"};
  Map::Walk walk(map, filters);
  EXPECT_EQ(walk.Next(&budget), Step::kFound);
  EXPECT_EQ(walk.Next(&budget), Step::kFound);
  EXPECT_EQ(walk.subject(), "b.1");
  EXPECT_EQ(walk.Next(&budget), Step::kEnd);
}

TEST(SubjectTreeWalk, StopsAtItsBudgetAndGoesOnFromThere) {
  Map map;
  for (int i = 0; i < 3000; ++i) Put(map, "a." + std::to_string(i) + ".x", 1);
  const Strings filters = {"a.*.y"};
  std::string position;
  for (int slices = 1;; ++slices) {
    int budget = 100;
    Map::Walk walk(map, filters, position);
    const Step step = walk.Next(&budget);
    EXPECT_GT(budget, -4);
    if (step == Step::kEnd) {
      EXPECT_GT(slices, 30);
      break;
    }
    ASSERT_EQ(step, Step::kBudget);
    ASSERT_GT(walk.Position(), position);
    position = walk.Position();
  }
}

TEST(SubjectTreeWalk, GetsFurtherHoweverSmallTheBudget) {
  Map map;
  Strings filters;
  for (int i = 0; i < 300; ++i) {
    Put(map, "ev." + std::to_string(i), 1);
    if (i % 3 == 0) filters.push_back("ev." + std::to_string(i));
  }
  std::string position;
  Strings seen;
  for (Step step = Step::kFound; step != Step::kEnd;) {
    ASSERT_LT(seen.size(), 200u);
    int budget = 0;
    Map::Walk walk(map, filters, position);
    step = walk.Next(&budget);
    if (step == Step::kFound) seen.emplace_back(walk.subject());
    if (step == Step::kEnd) break;
    ASSERT_GT(walk.Position(), position);
    position = walk.Position();
  }
  EXPECT_EQ(seen.size(), filters.size());
}

// One or a few tokens of one or a few letters, so that subjects share much.
rc::Gen<std::string> Name(const std::string& letters) {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::resize(
          3, rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(letters))))),
      [](const std::vector<std::string>& tokens) {
        std::string out = "a";
        for (const std::string& token : tokens) out += "." + token;
        return out;
      });
}

std::string Wild(std::string subject, const std::vector<int>& which) {
  Strings tokens;
  for (TokenWalk walk(subject); !walk.done(); walk.Next()) tokens.emplace_back(walk.token());
  for (const int at : which) tokens[static_cast<size_t>(at) % tokens.size()] = "*";
  if (which.size() == 1) tokens.back() = ">";
  std::string out = tokens[0];
  for (size_t i = 1; i < tokens.size(); ++i) out += "." + tokens[i];
  return out;
}

// A map and MatchesLiteral() are the twin; the walk is cut anywhere, and the tree changes between
// the slices.
RC_GTEST_PROP(SubjectTreeProperty, IsAMapOfSubjects, ()) {
  Map map;
  std::map<std::string, uint32_t> twin;
  const auto subject = Name("ab\x01\xff");
  for (uint32_t i = 0, end = *rc::gen::inRange(0, 100); i < end; ++i) {
    const std::string name = *subject;
    if (*rc::gen::inRange(0, 4) == 0) {
      RC_ASSERT(map.Remove(name) == (twin.erase(name) == 1));
    } else {
      const Map::Inserted inserted = map.Insert(name);
      RC_ASSERT(inserted.fresh == !twin.contains(name));
      *inserted.value = twin[name] = i;
    }
    map.CheckInvariants();
  }
  RC_ASSERT(map.size() == twin.size());
  for (const auto& [name, value] : twin) RC_ASSERT(*map.Find(name) == value);

  Strings filters;
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    filters.push_back(Wild(*subject, *rc::gen::resize(2, rc::gen::container<std::vector<int>>(
                                                             rc::gen::inRange(0, 5)))));
  }
  const auto matches = [&](const std::string& name) {
    if (filters.empty()) return true;
    return std::any_of(filters.begin(), filters.end(),
                       [&](const std::string& filter) { return MatchesLiteral(name, filter); });
  };
  std::string position;
  Strings seen;
  bool more = true;
  while (more) {
    Map::Walk walk(map, filters, position);
    int budget = *rc::gen::inRange(1, 20);
    Step step = Step::kBudget;
    while ((step = walk.Next(&budget)) == Step::kFound) {
      seen.emplace_back(walk.subject());
      RC_ASSERT(*walk.value() == twin.at(seen.back()));
      position = walk.Position();
    }
    more = step == Step::kBudget;
    if (more) position = walk.Position();
    // What goes or comes before the position makes no difference; what comes after it is seen.
    const std::string name = *subject;
    if (more && name >= position) {
      if (map.Remove(name)) twin.erase(name);
    } else if (more) {
      Put(map, name, 1);
      if (!twin.contains(name) && matches(name)) seen.push_back(name);
      twin[name] = 1;
    }
  }
  std::sort(seen.begin(), seen.end());
  Strings expected;
  for (const auto& [name, value] : twin) {
    if (matches(name)) expected.push_back(name);
  }
  RC_ASSERT(seen == expected);
}

TEST(SubjectTreeScale, HoldsASubjectInSixtyBytes) {
  // What a store keeps for each: count, first and last.
  struct __attribute__((packed, aligned(4))) Info {
    uint64_t count, first, last;
  };
  constexpr uint32_t kSubjects = 100'000;
  SubjectMap<Info> numbers, words;
  Rng rng(7);
  for (uint32_t i = 0; i < kSubjects; ++i) {
    numbers
        .Insert("orders.eu." + std::to_string(100'000 + i * 7919ull % 90'000) +
                (i < 90'000 ? "" : ".b"))
        .value->count = i;
    std::string name = "device.";
    for (uint64_t bits = rng.Next(), n = 0; n < 18; ++n, bits = bits / 16 + (n == 9) * rng.Next()) {
      name += "0123456789abcdef"[bits % 16];
    }
    (void)words.Insert(name);
  }
  EXPECT_LE(numbers.BytesUsed() / numbers.size(), 40u);
  EXPECT_LE(words.BytesUsed() / words.size(), 60u);
}

}  // namespace
}  // namespace dunlin::subject
