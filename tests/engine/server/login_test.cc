// Logins whose password is kept as a bcrypt hash: the driver compares, and the client waits.
#include <gtest/gtest.h>

#include <string>

#include "engine/session/password_checks.h"
#include "tests/support/node_driver.h"

namespace dunlin {
namespace {

using testing::NodeDriver;

constexpr char kHash[] = "$2a$05$3sSWEVA1eMCbV0hWavDjXOx.ClBjI6u1CuUdLqf22cbJjXsnzz8/.";
constexpr char kLogin[] = "CONNECT {\"verbose\":false,\"user\":\"joe\",\"pass\":\"test\"}\r\n";

config::Options Hashed() {
  config::Options options;
  options.username = "joe";
  options.password = kHash;
  return options;
}

TEST(Login, WaitsForTheDriverAndThenGoesOn) {
  NodeDriver node(Hashed());
  const uint32_t client = node.Connect();
  node.Take(client);
  node.Send(client, std::string(kLogin) + "SUB foo 1\r\nPUB foo 1\r\na\r\n");
  node.Send(client, "PUB foo 1\r\nb\r\nPING\r\n");
  EXPECT_EQ(node.Take(client), "");
  ASSERT_EQ(node.asked().size(), 1u);
  EXPECT_EQ(node.asked()[0].first, kHash);
  EXPECT_EQ(node.asked()[0].second, "test");
  node.Answer(true);
  EXPECT_EQ(node.Take(client), "MSG foo 1 1\r\na\r\nMSG foo 1 1\r\nb\r\nPONG\r\n");
  node.server().CheckInvariants();
}

TEST(Login, IsRefusedWhenTheDriverSaysNo) {
  NodeDriver node(Hashed());
  const uint32_t client = node.Connect();
  node.Take(client);
  node.Send(client, std::string(kLogin) + "PING\r\n");
  node.Answer(false);
  EXPECT_EQ(node.Take(client), "-ERR 'Authorization Violation'\r\n");
  EXPECT_FALSE(node.open(client));
}

TEST(Login, AnotherUserIsRefusedWithoutComputing) {
  NodeDriver node(Hashed());
  const uint32_t client = node.Connect();
  node.Send(client, "CONNECT {\"user\":\"jim\",\"pass\":\"test\"}\r\n");
  EXPECT_FALSE(node.open(client));
  EXPECT_TRUE(node.asked().empty());
}

TEST(Login, HasItsTimeAlsoForTheCheck) {
  NodeDriver node(Hashed());
  const uint32_t client = node.Connect();
  node.Take(client);
  node.Advance(Millis(1'900));
  node.Send(client, kLogin);
  node.Advance(Millis(1'900));
  EXPECT_TRUE(node.open(client));
  node.Advance(Millis(200));
  EXPECT_EQ(node.Take(client), "-ERR 'Authentication Timeout'\r\n");
  EXPECT_FALSE(node.open(client));
  node.Answer(true);  // Too late, for somebody who has gone.
  node.server().CheckInvariants();
}

TEST(Login, KeepsABoundedBacklogMeanwhile) {
  NodeDriver node(Hashed());
  const uint32_t client = node.Connect();
  node.Take(client);
  node.Send(client, kLogin);
  std::string pings;
  for (int i = 0; i < 50'000; ++i) pings += "PING\r\n";
  node.Send(client, pings);
  EXPECT_TRUE(node.reads_paused(client));
  node.Answer(true);
  EXPECT_FALSE(node.reads_paused(client));
  EXPECT_EQ(node.Take(client).size(), 50'000 * std::string("PONG\r\n").size());
}

TEST(Login, WhoHasEndedItsHalfIsHeardOut) {
  NodeDriver node(Hashed());
  const uint32_t client = node.Connect();
  node.Take(client);
  node.Send(client, std::string(kLogin) + "PING\r\n");
  node.Finish(client);
  EXPECT_TRUE(node.open(client));
  node.Answer(true);
  EXPECT_EQ(node.Take(client), "PONG\r\n");
  EXPECT_FALSE(node.open(client));
}

// Far more than could be checked in time: who comes last is told at once what it would be told
// later.
TEST(Login, TooManyAtOnceTimeOut) {
  NodeDriver node(Hashed());
  constexpr size_t kMost = session::PasswordChecks::kWaitingMax + session::PasswordChecks::kAtOnce;
  std::vector<uint32_t> clients;
  for (size_t i = 0; i < kMost + 1; ++i) {
    clients.push_back(node.Connect());
    node.Take(clients.back());
    node.Send(clients.back(), kLogin);
  }
  EXPECT_EQ(node.asked().size(), session::PasswordChecks::kAtOnce);
  EXPECT_TRUE(node.open(clients[kMost - 1]));
  EXPECT_FALSE(node.open(clients[kMost]));
  EXPECT_EQ(node.Take(clients[kMost]), "-ERR 'Authentication Timeout'\r\n");
  for (size_t i = 0; i < kMost; ++i) {
    node.Hangup(clients[i]);
  }
  EXPECT_EQ(node.asked().size(), session::PasswordChecks::kAtOnce);
  while (!node.asked().empty()) node.Answer(true);
  node.server().CheckInvariants();
}

TEST(Login, MayBeRepeatedWithSubscriptions) {
  NodeDriver node(Hashed());
  const uint32_t client = node.Connect();
  node.Take(client);
  node.Send(client, kLogin);
  node.Answer(true);
  std::string subs;
  for (int sid = 1; sid <= 2'000; ++sid) subs += "SUB foo " + std::to_string(sid) + "\r\n";
  node.Send(client, subs);
  node.Send(client, std::string(kLogin) + "PUB foo 1\r\nx\r\nPING\r\n");
  EXPECT_EQ(node.Take(client), "");
  node.Answer(true);
  EXPECT_EQ(node.Take(client), "PONG\r\n");
  node.server().CheckInvariants();
}

}  // namespace
}  // namespace dunlin
