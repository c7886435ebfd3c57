#include "engine/store/expiry_queue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace dunlin {
namespace {

constexpr WallTime At(int64_t seconds) { return {Seconds(seconds).ns}; }

TEST(ExpiryQueue, HoldsATimeAndASequence) {
  ExpiryQueue queue;
  EXPECT_TRUE(queue.Add({At(5), 1}));
  EXPECT_FALSE(queue.Add({At(5), 1}));
  EXPECT_FALSE(queue.Remove({At(5), 999}));
  EXPECT_FALSE(queue.Remove({At(6), 1}));
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_TRUE(queue.Remove({At(5), 1}));
  EXPECT_FALSE(queue.Remove({At(5), 1}));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.First(), std::nullopt);
  EXPECT_EQ(queue.BytesUsed(), 0u);
}

TEST(ExpiryQueue, MovesAnEntry) {
  ExpiryQueue queue;
  queue.Add({At(5), 1});
  EXPECT_TRUE(queue.Update({At(5), 1}, At(10)));
  EXPECT_FALSE(queue.Update({At(5), 1}, At(11)));
  EXPECT_FALSE(queue.Remove({At(5), 1}));
  EXPECT_EQ(queue.First(), (Expiry{At(10), 1}));
  EXPECT_EQ(queue.size(), 1u);
}

TEST(ExpiryQueue, GivesWhatIsDueFirstAndEqualTimesBySequence) {
  ExpiryQueue queue;
  for (const Expiry& expiry : {Expiry{At(60), 4}, {At(1), 9}, {At(-1), 2}, {At(1), 3}}) {
    queue.Add(expiry);
  }
  std::vector<uint64_t> order;
  for (std::optional<Expiry> at = queue.First(); at; at = queue.After(*at)) {
    order.push_back(at->seq);
  }
  EXPECT_EQ(order, (std::vector<uint64_t>{2, 3, 9, 4}));
}

TEST(ExpiryQueue, CanBeWalkedWhileEntriesGo) {
  ExpiryQueue queue;
  for (uint64_t seq = 1; seq <= 2000; ++seq) queue.Add({At(7), seq});
  // What is seen and left alone stays, and is seen again; what is removed is not.
  for (std::optional<Expiry> at = queue.First(); at; at = queue.After(*at)) {
    if (at->seq % 2 == 0) {
      EXPECT_TRUE(queue.Remove(*at));
    }
    queue.CheckInvariants();
  }
  EXPECT_EQ(queue.size(), 1000u);
  EXPECT_EQ(queue.First()->seq, 1u);
  EXPECT_EQ(queue.After({At(7), 1})->seq, 3u);
}

TEST(ExpiryQueue, IsSmall) {
  ExpiryQueue queue;
  for (uint64_t seq = 0; seq < 100'000; ++seq) queue.Add({At(static_cast<int64_t>(seq)), seq});
  EXPECT_LT(queue.BytesUsed() / queue.size(), 20u);
  for (uint64_t seq = 0; seq < 100'000; seq += 2) {
    queue.Update({At(static_cast<int64_t>(seq)), seq}, At(static_cast<int64_t>(seq + 100'000)));
  }
  for (uint64_t seq = 1; seq < 100'000; seq += 2) {
    EXPECT_TRUE(queue.Remove({At(static_cast<int64_t>(seq)), seq}));
  }
  EXPECT_EQ(queue.size(), 50'000u);
  EXPECT_LT(queue.BytesUsed() / queue.size(), 40u);
}

RC_GTEST_PROP(ExpiryQueueProperty, IsASortedSet, ()) {
  ExpiryQueue queue;
  std::set<Expiry> twin;
  const int64_t spread = *rc::gen::element<int64_t>(3, 1000);
  for (int rounds = *rc::gen::inRange(1, 6); rounds > 0; --rounds) {
    // Runs of 512 are only met by many at once.
    const uint64_t first = *rc::gen::inRange<uint64_t>(0, 3000), step = *rc::gen::element(1, 3, 7);
    const bool add = *rc::gen::inRange(0, 3) > 0;
    for (uint64_t i = 0; i < 700; ++i) {
      const Expiry expiry{At(static_cast<int64_t>(i * step) % spread), (first + i * step) % 3000};
      if (add) {
        RC_ASSERT(queue.Add(expiry) == twin.insert(expiry).second);
      } else {
        RC_ASSERT(queue.Remove(expiry) == (twin.erase(expiry) == 1));
      }
    }
    queue.CheckInvariants();
    RC_ASSERT(queue.size() == twin.size());
    const Expiry any{At(*rc::gen::inRange<int64_t>(0, spread)), first};
    const auto next = twin.upper_bound(any);
    RC_ASSERT(queue.After(any) == (next == twin.end() ? std::nullopt : std::optional(*next)));
  }
  std::vector<Expiry> order;
  for (std::optional<Expiry> at = queue.First(); at; at = queue.After(*at)) order.push_back(*at);
  RC_ASSERT(order == std::vector<Expiry>(twin.begin(), twin.end()));
}

}  // namespace
}  // namespace dunlin
