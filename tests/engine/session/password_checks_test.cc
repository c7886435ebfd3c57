#include "engine/session/password_checks.h"

#include <gtest/gtest.h>

namespace dunlin::session {
namespace {

ConnId Conn(uint32_t slot) { return {slot, 1}; }

TEST(PasswordChecks, GivesAFewOfThemToTheDriverInTheirOrder) {
  PasswordChecks checks;
  for (uint32_t i = 0; i < 10; ++i) ASSERT_TRUE(checks.Add(Conn(i), true));
  Ticket first;
  for (uint32_t i = 0; i < PasswordChecks::kAtOnce; ++i) {
    const auto check = checks.Start();
    ASSERT_TRUE(check);
    EXPECT_EQ(check->conn, Conn(i));
    if (i == 0) first = check->ticket;
  }
  EXPECT_FALSE(checks.Start());
  EXPECT_EQ(checks.Finish(first)->conn, Conn(0));
  EXPECT_FALSE(checks.Finish(first));
  EXPECT_EQ(checks.Start()->conn, Conn(PasswordChecks::kAtOnce));
  EXPECT_FALSE(checks.Start());
}

TEST(PasswordChecks, WhoLeavesCostsTheDriverNothingMore) {
  PasswordChecks checks;
  for (uint32_t i = 0; i < PasswordChecks::kAtOnce + 2; ++i)
    ASSERT_TRUE(checks.Add(Conn(i), false));
  Ticket started;
  for (uint32_t i = 0; i < PasswordChecks::kAtOnce; ++i) started = checks.Start()->ticket;
  checks.Drop(Conn(PasswordChecks::kAtOnce - 1));  // Under way.
  checks.Drop(Conn(PasswordChecks::kAtOnce));      // Waiting.
  EXPECT_FALSE(checks.Start());                    // The driver still has its hands full.
  EXPECT_FALSE(checks.Finish(started));
  const auto next = checks.Start();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->conn, Conn(PasswordChecks::kAtOnce + 1));
  EXPECT_FALSE(next->first_connect);
}

TEST(PasswordChecks, HasALimit) {
  PasswordChecks checks;
  for (uint32_t i = 0; i < PasswordChecks::kWaitingMax; ++i) ASSERT_TRUE(checks.Add(Conn(i), true));
  EXPECT_FALSE(checks.Add(Conn(5'000), true));
  ASSERT_TRUE(checks.Start());
  EXPECT_TRUE(checks.Add(Conn(5'000), true));
}

}  // namespace
}  // namespace dunlin::session
