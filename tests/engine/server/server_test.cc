#include "engine/server/server.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/node_driver.h"

namespace dunlin {
namespace {

using testing::NodeDriver;

constexpr char kConnect[] =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true}\r\n";

uint32_t Joined(NodeDriver& node, std::string_view more = "") {
  const uint32_t client = node.Connect();
  node.Send(client, std::string(kConnect) + std::string(more));
  node.Take(client);
  return client;
}

// So many messages of 1000 bytes on 'foo', for one read.
std::string Burst(int messages) {
  std::string burst;
  for (int i = 0; i < messages; ++i) burst += "PUB foo 1000\r\n" + std::string(1000, 'x') + "\r\n";
  return burst;
}

// A consumer that reads nothing, and a producer that sends twice what may be pending for it.
struct BurstToASlowConsumer {
  BurstToASlowConsumer() {
    node.SetWindow(slow, 0);
    node.Send(producer, Burst(200));
  }
  static config::Options Options() {
    config::Options options;
    options.max_pending = 100'000;
    return options;
  }

  NodeDriver node{Options()};
  uint32_t slow = Joined(node, "SUB foo 1\r\n");
  uint32_t producer = Joined(node);
};

TEST(Server, PassesAMessageOn) {
  NodeDriver node;
  const uint32_t alice = Joined(node, "SUB foo.* 1\r\n");
  const uint32_t bob = Joined(node);
  node.Send(bob, "PUB foo.bar inbox 05\r\nhello\r\n");
  EXPECT_EQ(node.Take(alice), "MSG foo.bar 1 inbox 05\r\nhello\r\n");
  EXPECT_EQ(node.Take(bob), "");
}

TEST(Server, ConsumersHoldTheirProducerBeforeTheyAreDropped) {
  BurstToASlowConsumer story;
  auto& [node, slow, producer] = story;
  // Held at three quarters: the consumer is still there, and the rest of the burst has not been
  // routed.
  EXPECT_TRUE(node.open(slow));
  node.SetWindow(slow, -1);
  EXPECT_TRUE(node.open(slow));
  EXPECT_EQ(node.Take(slow).size(), 200 * (std::string("MSG foo 1 1000\r\n").size() + 1002));
}

TEST(Server, AConsumerThatNeverReadsIsDroppedAfterTheHold) {
  BurstToASlowConsumer story;
  auto& [node, slow, producer] = story;
  node.Advance(Millis(5));
  EXPECT_TRUE(node.open(slow));
  node.Advance(Millis(10));
  EXPECT_FALSE(node.open(slow));
  node.Send(producer, "PING\r\n");
  node.Advance(Millis(1));
  EXPECT_EQ(node.Take(producer), "PONG\r\n");
}

TEST(Server, APeerThatOnlyEndsItsHalfGetsWhatIsDueToIt) {
  NodeDriver node;
  const uint32_t slow = Joined(node, "SUB foo 1\r\n");
  const uint32_t producer = Joined(node);
  node.SetWindow(slow, 0);
  node.Send(producer, Burst(200));
  node.Finish(slow);
  EXPECT_TRUE(node.open(slow));
  node.Advance(Seconds(5));
  node.Send(producer, Burst(1));  // It takes nothing new.
  node.SetWindow(slow, 1'000);
  EXPECT_TRUE(node.open(slow));
  node.SetWindow(slow, -1);
  EXPECT_FALSE(node.open(slow));
  EXPECT_EQ(node.Take(slow).size(), 200 * (std::string("MSG foo 1 1000\r\n").size() + 1002));
}

TEST(Server, APeerThatEndsItsHalfAndNeverReadsIsGivenUp) {
  NodeDriver node;
  const uint32_t slow = Joined(node, "SUB foo 1\r\n");
  const uint32_t producer = Joined(node);
  node.SetWindow(slow, 0);
  node.Send(producer, Burst(2));
  node.Finish(slow);
  node.Advance(Seconds(9));
  EXPECT_TRUE(node.open(slow));
  node.Advance(Seconds(2));
  EXPECT_FALSE(node.open(slow));
  EXPECT_NE(node.Get("/varz").find("\"slow_consumers\": 1,"), std::string::npos);
}

// What is put off to keep a step short is not forgotten because the sender has left.
TEST(Server, WhatAPeerSentBeforeItsEndIsRouted) {
  BurstToASlowConsumer story;
  auto& [node, slow, producer] = story;
  node.Finish(producer);
  node.SetWindow(slow, -1);
  EXPECT_FALSE(node.open(producer));
  EXPECT_EQ(node.Take(slow).size(), 200 * (std::string("MSG foo 1 1000\r\n").size() + 1002));
}

TEST(Server, AWideFanoutIsDeliveredInSlicesAndInOrder) {
  NodeDriver node;
  std::vector<uint32_t> clients;
  for (int i = 0; i < 10; ++i) {
    std::string subs;
    for (int sid = 1; sid <= 2'000; ++sid) subs += "SUB foo " + std::to_string(sid) + "\r\n";
    clients.push_back(Joined(node, subs));
  }
  const uint32_t producer = Joined(node, "SUB back 1\r\n");
  const int64_t before = node.steps();
  node.Send(producer, "PUB foo 1\r\na\r\nPUB foo 1\r\nb\r\nPUB back 1\r\nc\r\nPING\r\n");
  EXPECT_GT(node.steps() - before, 4);
  EXPECT_EQ(node.Take(producer), "MSG back 1 1\r\nc\r\nPONG\r\n");
  for (const uint32_t client : clients) {
    const std::string got = node.Take(client);
    EXPECT_EQ(std::count(got.begin(), got.end(), 'M'), 4'000);
    EXPECT_LT(got.rfind("\r\na\r\n"), got.find("\r\nb\r\n"));
  }
}

// Subscribers that leave or join while a wide message is on its way are neither confused nor served
// twice.
TEST(Server, AWideFanoutSurvivesThePublisherAndUnsubscribers) {
  NodeDriver node;
  std::string subs;
  for (int sid = 1; sid <= 9'000; ++sid)
    subs += "SUB foo " + std::to_string(sid) + "\r\nUNSUB " + std::to_string(sid) + " 1\r\n";
  const uint32_t many = Joined(node, subs);
  const uint32_t producer = Joined(node);
  node.Send(producer, "PUB foo 1\r\na\r\nPUB foo 1\r\nb\r\nBOGUS\r\n");
  const std::string got = node.Take(many);
  EXPECT_EQ(std::count(got.begin(), got.end(), 'a'), 9'000);
  EXPECT_EQ(std::count(got.begin(), got.end(), 'b'), 0);
  EXPECT_FALSE(node.open(producer));
  node.server().CheckInvariants();
}

TEST(Server, SubscriptionsOfAConnectionThatLeavesAreGone) {
  NodeDriver node;
  std::string subs;
  for (int sid = 1; sid <= 50'000; ++sid)
    subs += "SUB foo." + std::to_string(sid) + " " + std::to_string(sid) + "\r\n";
  const uint32_t many = Joined(node, subs);
  const uint32_t producer = Joined(node, "SUB inbox 1\r\n");
  const int64_t before = node.steps();
  node.Hangup(many);
  EXPECT_GT(node.steps() - before, 10);
  node.server().CheckInvariants();
  node.Send(producer, "PUB foo.777 inbox 0\r\n\r\n");
  EXPECT_EQ(node.Take(producer).substr(0, 18), "HMSG inbox 1 39 39");
}

// A driver names a new connection by an old one's slot as soon as that has closed.
TEST(Server, ASlotIsUsedAgainWhileItsLastOwnersSubscriptionsAreStillGoing) {
  NodeDriver node;
  std::string subs;
  for (int sid = 1; sid <= 50'000; ++sid) subs += "SUB foo " + std::to_string(sid) + "\r\n";
  const uint32_t many = Joined(node, subs);
  node.HangupAndReconnect(many);
  node.Send(many, std::string(kConnect) + "SUB foo 1\r\nPUB foo 1\r\na\r\nPING\r\n");
  const std::string got = node.Take(many);
  EXPECT_NE(got.find("MSG foo 1 1\r\na\r\nPONG\r\n"), std::string::npos) << got;
  node.server().CheckInvariants();
}

// Consumers that are full while a wide message is on its way hold nobody twice.
TEST(Server, AWideFanoutToConsumersThatDoNotReadEnds) {
  config::Options options;
  options.max_pending = 200'000;
  NodeDriver node(options);
  std::vector<uint32_t> clients;
  std::string subs;
  for (int sid = 1; sid <= 3'000; ++sid) subs += "SUB foo " + std::to_string(sid) + "\r\n";
  for (int i = 0; i < 4; ++i) {
    clients.push_back(Joined(node, subs));
    node.SetWindow(clients.back(), i % 2 == 0 ? 0 : -1);
  }
  const uint32_t producer = Joined(node);
  for (int i = 0; i < 5; ++i) node.Send(producer, "PUB foo 50\r\n" + std::string(50, 'x') + "\r\n");
  node.Advance(Millis(100));
  node.Send(producer, "PING\r\n");
  node.Advance(Millis(100));
  EXPECT_EQ(node.Take(producer), "PONG\r\n");
  node.Hangup(producer);
  node.Advance(Seconds(1));
  node.server().CheckInvariants();
}

TEST(Server, LameDuckSendsClientsAwayOneByOne) {
  config::Options options;
  options.lame_duck_grace_period = Seconds(1);
  options.lame_duck_duration = Seconds(6);
  NodeDriver node(options);
  std::vector<uint32_t> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(node.Connect());
    node.Send(clients.back(), "CONNECT {\"verbose\":false,\"protocol\":1}\r\nPING\r\n");
    node.Take(clients.back());
  }
  node.Command(Command::kLameDuck);
  EXPECT_NE(node.Take(clients[0]).find("\"ldm\":true"), std::string::npos);
  node.Advance(Millis(999));
  for (const uint32_t client : clients) EXPECT_TRUE(node.open(client));
  node.Advance(Millis(1'001));
  int open = 0;
  for (const uint32_t client : clients) open += node.open(client);
  EXPECT_GT(open, 3);
  EXPECT_LT(open, 10);
  node.Advance(Seconds(6));
  for (const uint32_t client : clients) EXPECT_FALSE(node.open(client));
  EXPECT_EQ(node.log().back(), "Server Exiting..");
}

}  // namespace
}  // namespace dunlin
