// A million subscriptions: what they cost in memory, and that no call does work in proportion to
// them.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "engine/subject/sublist.h"
#include "tests/engine/subject/sublist_testing.h"

namespace dunlin::subject {
namespace {

constexpr SubRef kMillion = 1'000'000;

// 20 bytes, like the subjects of a fleet of devices.
std::string_view DeviceSubject(SubRef i, char (&text)[32]) {
  const int size = std::snprintf(text, sizeof text, "fleet.%02u.%07u.temp", i % 89, i);
  return {text, static_cast<size_t>(size)};
}

TEST(SublistScale, AMillionLiteralsKeepToTheirBudgetAndNoCallStalls) {
  Sublist list({});
  char text[32];
  std::vector<SubHandle> handles(kMillion);
  uint64_t worst = 0;
  const auto measured = [&](auto&& call) {
    const uint64_t before = list.work_done();
    call();
    worst = std::max(worst, list.work_done() - before);
  };
  for (SubRef i = 0; i < kMillion; ++i) {
    measured([&] { handles[i] = list.Insert(DeviceSubject(i, text), "", i); });
  }
  ASSERT_EQ(DeviceSubject(0, text).size(), 21u);
  EXPECT_LE(list.BytesUsed() / kMillion, 80u);
  for (SubRef i = 0; i < kMillion; i += 997) {
    ASSERT_EQ(list.SubjectOf(handles[i]), DeviceSubject(i, text));
    const MatchResult& result = list.Match(DeviceSubject(i, text));
    ASSERT_EQ(result.plain().size(), 1u);
    ASSERT_EQ(result.plain()[0], i);
  }
  // Half of the connections go, and their memory with them; then the rest in another order.
  const size_t full = list.BytesUsed();
  for (SubRef i = 0; i < kMillion / 2; ++i) measured([&] { list.Remove(handles[i]); });
  EXPECT_LT(list.BytesUsed(), full * 2 / 3);
  for (SubRef i = 0; i < kMillion / 2; ++i) {
    const SubRef which = kMillion / 2 + (i * 7919) % (kMillion / 2);
    measured([&] { list.Remove(handles[which]); });
  }
  EXPECT_EQ(list.size(), 0u);
  EXPECT_EQ(list.BytesUsed(), 0u);
  // A page of slots, and the directory of all pages: some 10,000 moves of 8 or 16 bytes.
  EXPECT_LE(worst, 16'384u);
}

TEST(SublistScale, GrowthMovesEachSlotAFewTimesAtMost) {
  Sublist list({});
  char text[32];
  for (SubRef i = 0; i < 100'000; ++i) (void)Add(list, DeviceSubject(i, text), i);
  EXPECT_LE(list.work_done(), 400'000u);
}

TEST(SublistScale, MemoryComesBackWhileAConnectionLeaves) {
  Sublist list({});
  char text[32];
  std::vector<SubHandle> mine;
  for (SubRef i = 0; i < 1000; ++i) (void)Add(list, DeviceSubject(i, text), i);
  const size_t before = list.BytesUsed();
  for (SubRef i = 1000; i < 101'000; ++i) mine.push_back(Add(list, DeviceSubject(i, text), i));
  for (const SubHandle handle : mine) list.Remove(handle);
  EXPECT_LE(list.BytesUsed(), before + 64 * 1024);
}

TEST(SublistScale, AHundredThousandPatternsComeAndGo) {
  Sublist list({});
  std::vector<SubHandle> handles;
  for (SubRef i = 0; i < 100'000; ++i) {
    handles.push_back(Add(list, "fleet." + std::to_string(i) + ".*.state", i));
  }
  EXPECT_EQ(Plain(list, "fleet.4711.x.state"), Refs({4711}));
  EXPECT_EQ(Plain(list, "fleet.4711.x.other"), Refs());
  for (const SubHandle handle : handles) list.Remove(handle);
  EXPECT_EQ(list.pattern_node_count(), 0u);
  EXPECT_EQ(list.BytesUsed(), 0u);
}

TEST(SublistScale, AHundredThousandSubscribersOfOneSubject) {
  for (const std::string_view queue : {"", "workers"}) {
    Sublist list({});
    std::vector<SubHandle> handles;
    for (SubRef i = 0; i < 100'000; ++i) handles.push_back(Add(list, "foo.*", i, queue));
    const MatchResult& result = list.Match("foo.bar");
    const Refs all = Sorted(queue.empty() ? result.plain() : result.group(0).members);
    ASSERT_EQ(all.size(), 100'000u);
    for (SubRef i = 0; i < 100'000; ++i) ASSERT_EQ(all[i], i);
    // From the front: were removal to shift what follows, this would take minutes.
    for (const SubHandle handle : handles) list.Remove(handle);
    EXPECT_EQ(list.BytesUsed(), 0u);
  }
}

TEST(SublistScale, ListsOfSubscribersAndGroupsShrink) {
  Sublist list({});
  std::vector<SubHandle> handles;
  for (SubRef i = 0; i < 10'000; ++i) {
    handles.push_back(Add(list, "plain", i));
    handles.push_back(Add(list, "grouped", i, "g" + std::to_string(i)));
  }
  for (SubRef i = 0; i < 2; ++i) {
    Add(list, "plain", i);
    Add(list, "grouped", i, i == 0 ? "one" : "two");
  }
  const size_t full = list.BytesUsed();
  for (const SubHandle handle : handles) list.Remove(handle);
  EXPECT_EQ(list.size(), 4u);
  EXPECT_LE(list.BytesUsed(), 64 * 1024u) << "of " << full;
}

TEST(SublistScale, TenThousandGroupsOnOneSubject) {
  Sublist list({});
  std::vector<SubHandle> handles;
  for (SubRef i = 0; i < 10'000; ++i)
    handles.push_back(Add(list, "foo", i, "g" + std::to_string(i)));
  Add(list, "*", 10'000, "g77");
  const MatchResult& result = list.Match("foo");
  ASSERT_EQ(result.group_count(), 10'000u);
  EXPECT_EQ(result.group(77).members.size(), 2u);
  list.CheckInvariants();
  for (const SubHandle handle : handles) list.Remove(handle);
  EXPECT_EQ(Grouped(list, "foo"), Groups({{"g77", {10'000}}}));
}

}  // namespace
}  // namespace dunlin::subject
