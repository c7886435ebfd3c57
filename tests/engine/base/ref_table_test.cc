#include "engine/base/ref_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <vector>

namespace dunlin {
namespace {

// References are their own keys here; few distinct hashes, so that entries crowd.
uint32_t HashOf(uint32_t ref, uint32_t spread) { return (ref * 2654435761u) % spread; }

RC_GTEST_PROP(RefTable, HoldsWhatASetHolds, ()) {
  const uint32_t spread = *rc::gen::element(1u, 3u, 64u, 4000000000u);
  RefTable table;
  std::set<uint32_t> twin;
  const int steps = *rc::gen::inRange(1, 800);
  const int grow = *rc::gen::inRange(2, 9);  // In ten.
  for (int i = 0; i < steps; ++i) {
    const uint32_t ref = *rc::gen::inRange(0u, 400u);
    const auto same = [&](uint32_t found) { return found == ref; };
    RC_ASSERT((table.Find(HashOf(ref, spread), same) == ref) == (twin.count(ref) == 1));
    if (*rc::gen::inRange(0, 10) < grow) {
      if (twin.insert(ref).second) table.Insert(HashOf(ref, spread), ref);
    } else if (twin.erase(ref) == 1) {
      table.Erase(HashOf(ref, spread), ref);
    }
    RC_ASSERT(table.size() == twin.size());
  }
  for (uint32_t ref = 0; ref < 400; ++ref) {
    const auto same = [&](uint32_t found) { return found == ref; };
    RC_ASSERT((table.Find(HashOf(ref, spread), same) == ref) == (twin.count(ref) == 1));
  }
  std::set<uint32_t> visited;
  size_t cursor = 0;
  while (table.Visit(&cursor, 7, [&](uint32_t ref) { visited.insert(ref); })) {
  }
  RC_ASSERT(visited == twin);
}

// A run that goes around the end of the old table, longer than one call moves.
TEST(RefTable, FindsWhatLiesAroundTheEndWhileItGrows) {
  constexpr uint32_t kLastHome = UINT32_MAX;  // The last slot, whatever the capacity.
  RefTable table;
  const auto has = [&](uint32_t ref) {
    return table.Find(kLastHome, [&](uint32_t found) { return found == ref; }) == ref;
  };
  for (uint32_t ref = 0; ref < 300; ++ref) {
    table.Insert(kLastHome, ref);
    for (uint32_t earlier = 0; earlier <= ref; ++earlier) {
      ASSERT_TRUE(has(earlier)) << earlier << " with " << ref;
    }
    ASSERT_FALSE(has(1000));
  }
  for (uint32_t ref = 0; ref < 300; ++ref) {
    table.Erase(kLastHome, ref);
    for (uint32_t later = ref + 1; later < 300; ++later) {
      ASSERT_TRUE(has(later)) << later << " without " << ref;
    }
  }
}

TEST(RefTable, GivesItsMemoryBack) {
  RefTable table;
  for (uint32_t i = 0; i < 100'000; ++i) table.Insert(i * 2654435761u, i);
  EXPECT_LE(table.BytesUsed(), 100'000u * 8 * 5 / 2);
  for (uint32_t i = 0; i < 99'000; ++i) table.Erase(i * 2654435761u, i);
  EXPECT_LE(table.BytesUsed(), 1'000u * 8 * 80);
  for (uint32_t i = 99'000; i < 100'000; ++i) table.Erase(i * 2654435761u, i);
  EXPECT_EQ(table.BytesUsed(), 0u);
}

}  // namespace
}  // namespace dunlin
