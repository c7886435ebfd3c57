// When a client is pinged: at which interval, and what puts it off.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/node_driver.h"

namespace dunlin {
namespace {

using testing::NodeDriver;

constexpr Duration kInterval = Millis(50);

config::Options PingingEvery(Duration interval) {
  config::Options options;
  options.ping_interval = interval;
  options.disable_short_first_ping = true;
  return options;
}

// A client that has had its first PING, just now, and has answered it.
uint32_t Pinged(NodeDriver& node) {
  const uint32_t client = node.Connect();
  node.Send(client, "CONNECT {\"verbose\":false}\r\nPING\r\n");
  node.Take(client);
  for (int i = 0; i < 100 && node.Take(client).empty(); ++i) node.Advance(Millis(1));
  node.Send(client, "PONG\r\n");
  return client;
}

TEST(Ping, TheFirstComesWithinAnIntervalAndAFifth) {
  NodeDriver node(PingingEvery(kInterval));
  const uint32_t client = node.Connect();
  node.Send(client, "CONNECT {\"verbose\":false}\r\n");
  node.Take(client);
  node.Advance(kInterval - Nanos(1));
  EXPECT_EQ(node.Take(client), "");
  node.Advance(Nanos(kInterval.ns / 5 + 1));
  EXPECT_EQ(node.Take(client), "PING\r\n");
}

TEST(Ping, ComesOnceAnIntervalToAClientThatAnswers) {
  NodeDriver node(PingingEvery(kInterval));
  const uint32_t client = Pinged(node);
  node.Advance(kInterval);  // The timer may have run up to a millisecond before Pinged() saw it.
  EXPECT_EQ(node.Take(client), "PING\r\n");
  for (int i = 0; i < 10; ++i) {
    node.Send(client, "PONG\r\n");
    node.Advance(kInterval - Millis(1));
    EXPECT_EQ(node.Take(client), "");
    node.Advance(Millis(1));
    EXPECT_EQ(node.Take(client), "PING\r\n");
  }
  EXPECT_TRUE(node.open(client));
}

TEST(Ping, IsPutOffByAnIntervalWhenTheClientHasSentSomething) {
  for (const std::string said : {"PING\r\n", "SUB foo 1\r\n", "PUB foo 2\r\nok\r\n"}) {
    NodeDriver node(PingingEvery(kInterval));
    const uint32_t client = Pinged(node);
    node.Advance(kInterval / 2);
    node.Send(client, said);
    node.Take(client);
    node.Advance(kInterval);
    EXPECT_EQ(node.Take(client), "") << said;
    node.Advance(kInterval);
    EXPECT_EQ(node.Take(client), "PING\r\n") << said;
  }
}

TEST(Ping, IsNotPutOffByAPong) {
  NodeDriver node(PingingEvery(kInterval));
  const uint32_t client = Pinged(node);
  node.Advance(kInterval / 2);
  node.Send(client, "PONG\r\n");
  node.Advance(kInterval / 2);
  EXPECT_EQ(node.Take(client), "PING\r\n");
}

}  // namespace
}  // namespace dunlin
