#include "engine/subject/hash_index.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace dunlin::subject {
namespace {

uint32_t Scramble(uint32_t n) {
  uint64_t x = (n + 1) * 0x9e3779b97f4a7c15;
  x ^= x >> 29;
  return static_cast<uint32_t>((x * 0xbf58476d1ce4e5b9) >> 32);
}

bool Has(const HashIndex& index, uint32_t hash, uint32_t ref) {
  return index.Find(hash, [ref](uint32_t found) { return found == ref; }) == ref;
}

TEST(HashIndex, FindsWhatIsThereAndGivesMemoryBack) {
  HashIndex index;
  EXPECT_EQ(index.BytesUsed(), 0u);
  EXPECT_FALSE(Has(index, 7, 7));
  for (uint32_t n = 1; n <= 50'000; ++n) index.Insert(Scramble(n), n);
  index.CheckInvariants();
  for (uint32_t n = 1; n <= 50'000; ++n) ASSERT_TRUE(Has(index, Scramble(n), n));
  for (uint32_t n = 50'001; n <= 60'000; ++n) ASSERT_FALSE(Has(index, Scramble(n), n));
  const size_t full = index.BytesUsed();
  for (uint32_t n = 1; n <= 49'000; ++n) index.Erase(Scramble(n), n);
  index.CheckInvariants();
  EXPECT_LT(index.BytesUsed(), full / 10);
  for (uint32_t n = 49'001; n <= 50'000; ++n) ASSERT_TRUE(Has(index, Scramble(n), n));
  for (uint32_t n = 49'001; n <= 50'000; ++n) index.Erase(Scramble(n), n);
  EXPECT_EQ(index.BytesUsed(), 0u);
}

TEST(HashIndex, ACallMovesAPageAtMost) {
  HashIndex index;
  uint64_t worst = 0, before = 0;
  const auto note = [&] {
    worst = std::max(worst, index.work_done() - before);
    before = index.work_done();
  };
  constexpr uint32_t kCount = 300'000;
  for (uint32_t n = 1; n <= kCount; ++n) index.Insert(Scramble(n), n), note();
  for (uint32_t n = 1; n <= kCount - 3; ++n) index.Erase(Scramble(n), n), note();
  EXPECT_LE(index.BytesUsed(), 256u) << "the directory shrinks as well";
  // A page, and the directory of some 1,100 pages in twice its size.
  EXPECT_LE(worst, HashIndex::kPageSlotsMax + 2 * 4096);
  EXPECT_GE(worst, uint64_t{HashIndex::kPageSlotsMax});
}

TEST(HashIndex, BytesAnEntryStayInBounds) {
  HashIndex index;
  for (uint32_t n = 1; n <= 300'000; ++n) {
    index.Insert(Scramble(n), n);
    if (n >= 1000 && n % 1000 == 0) {
      ASSERT_LE(index.BytesUsed(), n * 23) << n;
    }
  }
}

TEST(HashIndex, EqualHashesDoNotBreakIt) {
  HashIndex index;
  for (uint32_t n = 1; n <= 3000; ++n) index.Insert(0xabcdef01, n);
  EXPECT_LE(index.BytesUsed(), 3000u * 30);  // No directory without end.
  EXPECT_TRUE(Has(index, 0xabcdef01, 1));
  EXPECT_TRUE(Has(index, 0xabcdef01, 3000));
  for (uint32_t n = 1; n <= 3000; ++n) index.Erase(0xabcdef01, n);
  EXPECT_EQ(index.BytesUsed(), 0u);
}

TEST(HashIndex, NearGivesSomethingThatIsThere) {
  HashIndex index;
  EXPECT_EQ(index.Near(5), HashIndex::kNone);
  for (uint32_t n = 1; n <= 2000; ++n) index.Insert(Scramble(n), n);
  for (uint32_t n = 0; n < 2000; ++n) {
    const uint32_t near = index.Near(Scramble(n + 77'777));
    ASSERT_TRUE(Has(index, Scramble(near), near));
  }
}

// Beside a map; hashes of few distinct values and prefixes, so that runs and splits are odd.
RC_GTEST_PROP(HashIndexProperty, AgreesWithAMap,
              (const std::vector<std::pair<uint8_t, uint16_t>>& ops, uint8_t shape)) {
  HashIndex index;
  std::map<uint32_t, uint32_t> model;  // Reference to hash.
  const auto hash_of = [shape](uint32_t ref) {
    const uint32_t hash = Scramble(ref);
    return shape % 3 == 0 ? hash : shape % 3 == 1 ? hash & 0x0300000f : hash | 0x7fffff00;
  };
  uint32_t next = 1;
  for (const auto& [kind, number] : ops) {
    if (kind % 3 != 0 || model.empty()) {
      for (int i = 0; i <= kind; ++i, ++next)
        index.Insert(hash_of(next), next), model[next] = hash_of(next);
    } else {
      for (int i = 0; i <= number % 400 && !model.empty(); ++i) {
        auto gone = model.lower_bound(number);
        if (gone == model.end()) gone = model.begin();
        index.Erase(gone->second, gone->first);
        RC_ASSERT(!Has(index, gone->second, gone->first));
        model.erase(gone);
      }
    }
    RC_ASSERT(index.size() == model.size());
  }
  index.CheckInvariants();
  size_t visited = 0;
  index.ForEach([&](uint32_t ref) { visited += model.count(ref); });
  RC_ASSERT(visited == model.size());
  for (const auto& [ref, hash] : model) RC_ASSERT(Has(index, hash, ref));
  for (const auto& [ref, hash] : model) index.Erase(hash, ref);
  RC_ASSERT(index.BytesUsed() == 0u);
}

}  // namespace
}  // namespace dunlin::subject
