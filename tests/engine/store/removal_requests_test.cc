#include "engine/store/removal_requests.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

using Verdict = RemovalRequests::Verdict;
constexpr Instant At(int64_t millis) { return {Millis(millis).ns}; }

TEST(RemovalRequests, AsksForAMarkerForTheLastOneOnly) {
  RemovalRequests requests;
  EXPECT_EQ(requests.Ask(1, "a", 3, At(0)), Verdict::kAskRemoval);
  EXPECT_EQ(requests.Ask(2, "a", 3, At(0)), Verdict::kAskRemoval);
  EXPECT_EQ(requests.Ask(3, "a", 3, At(0)), Verdict::kAskMarker);
  EXPECT_EQ(requests.Ask(4, "b", 1, At(0)), Verdict::kAskMarker);
}

TEST(RemovalRequests, AsksAgainAfterTwoSeconds) {
  RemovalRequests requests;
  ASSERT_EQ(requests.Ask(1, "a", 1, At(0)), Verdict::kAskMarker);
  EXPECT_EQ(requests.Ask(1, "a", 1, At(1999)), Verdict::kWait);
  EXPECT_EQ(requests.Ask(1, "a", 1, At(2000)), Verdict::kAskMarker);
  EXPECT_EQ(requests.Ask(1, "a", 1, At(2001)), Verdict::kWait);
}

TEST(RemovalRequests, ForgetsThatOneWasTheLastWhenOthersCome) {
  RemovalRequests requests;
  ASSERT_EQ(requests.Ask(1, "a", 1, At(0)), Verdict::kAskMarker);
  EXPECT_EQ(requests.Ask(1, "a", 2, At(3000)), Verdict::kAskRemoval);
  EXPECT_EQ(requests.Ask(1, "a", 1, At(6000)), Verdict::kAskRemoval) << "it was decided";
}

TEST(RemovalRequests, CountsWhatIsGoneNoMore) {
  RemovalRequests requests;
  ASSERT_EQ(requests.Ask(1, "a", 2, At(0)), Verdict::kAskRemoval);
  requests.OnRemoved(1, "a");
  requests.OnRemoved(7, "a");
  EXPECT_EQ(requests.Ask(2, "a", 1, At(0)), Verdict::kAskMarker);
  requests.Clear();
  EXPECT_EQ(requests.open(), 0u);
}

TEST(RemovalRequests, HaveALimit) {
  RemovalRequests requests;
  for (uint64_t seq = 0; seq < RemovalRequests::kOpenMax; ++seq) {
    ASSERT_NE(requests.Ask(seq, "a", 1u << 20, At(0)), Verdict::kWait);
  }
  EXPECT_EQ(requests.Ask(1u << 20, "a", 1u << 20, At(0)), Verdict::kWait);
  requests.OnRemoved(0, "a");
  EXPECT_EQ(requests.Ask(1u << 20, "a", 1u << 20, At(0)), Verdict::kAskRemoval);
}

}  // namespace
}  // namespace dunlin
