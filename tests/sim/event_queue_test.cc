#include "sim/event_queue.h"

#include <gtest/gtest.h>

namespace dunlin::sim {
namespace {

TEST(EventQueue, GivesTheEarliestFirstAndTiesInOrderOfAsking) {
  EventQueue queue;
  queue.Add(Instant{20}, HappeningKind::kWake, 1);
  queue.Add(Instant{10}, HappeningKind::kWake, 2);
  queue.Add(Instant{10}, HappeningKind::kWake, 3);
  EXPECT_EQ(queue.Take().who, 2u);
  EXPECT_EQ(queue.Take().who, 3u);
  EXPECT_EQ(queue.next_at(), Instant{20});
  EXPECT_EQ(queue.Take().who, 1u);
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, TimersAreNotActivity) {
  EventQueue queue;
  queue.AddTimer(Instant{10}, HappeningKind::kDeadline, 1);
  EXPECT_EQ(queue.active(), 0u);
  queue.Add(Instant{5}, HappeningKind::kArrive, 1);
  EXPECT_EQ(queue.active(), 1u);
  (void)queue.Take();
  EXPECT_EQ(queue.active(), 0u);
  EXPECT_FALSE(queue.empty());
}

}  // namespace
}  // namespace dunlin::sim
