// What a node makes of single connections: how it names them, what it counts and how often it says
// so.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/node_driver.h"

namespace dunlin {
namespace {

using testing::NodeDriver;

int64_t Logged(const NodeDriver& node, std::string_view part) {
  return std::count_if(node.log().begin(), node.log().end(), [&](const std::string& line) {
    return line.find(part) != std::string::npos;
  });
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST(Client, IsNamedByItsAddressInBracketsIfThatHasColons) {
  config::Options options;
  options.debug = true;
  NodeDriver node(options);
  node.Connect("::1");
  node.Connect("10.0.0.7");
  EXPECT_EQ(Logged(node, "[::1]:40000 - cid:5 - Client connection created"), 1);
  EXPECT_EQ(Logged(node, "10.0.0.7:40001 - cid:6 - Client connection created"), 1);
}

// Not even its INFO gets through, and it was to log in first: closed, but no consumer of anything.
TEST(Client, IsNoSlowConsumerBeforeItsLogin) {
  for (const bool login : {true, false}) {
    config::Options options;
    options.write_deadline = Nanos(1);
    if (login) options.username = "ivan";
    NodeDriver node(options);
    const uint32_t client = node.Connect("127.0.0.1", 0);
    node.Advance(Millis(2));
    EXPECT_FALSE(node.open(client));
    EXPECT_TRUE(
        Contains(node.Get("/varz"), login ? "\"slow_consumers\": 0," : "\"slow_consumers\": 1,"));
  }
}

// What went beyond the limit was never queued.
TEST(Client, PendingBytesStayWithinTheirMaximum) {
  config::Options options;
  options.max_pending = 100;
  NodeDriver node(options);
  const uint32_t client = node.Connect();  // Its INFO alone is too much.
  EXPECT_FALSE(node.open(client));
  EXPECT_EQ(node.Take(client), "");
  const std::string closed = node.Get("/connz?state=closed");
  EXPECT_TRUE(Contains(closed, "\"reason\": \"Slow Consumer (Pending Bytes)\"")) << closed;
  EXPECT_TRUE(Contains(closed, "\"pending_bytes\": 0,")) << closed;
}

// Two clients that provoke the same line within a second share it.
TEST(Client, WhatPeersCanProvokeIsLoggedOncePerSecond) {
  config::Options options;
  options.max_subscriptions = 1;
  NodeDriver node(options);
  const uint32_t clients[] = {node.Connect(), node.Connect()};
  const auto provoke = [&] {
    for (const uint32_t client : clients) node.Send(client, "SUB a 1\r\nSUB b 2\r\nSUB c 3\r\n");
  };
  const std::string line = "maximum subscriptions exceeded";
  provoke();
  EXPECT_EQ(Logged(node, line), 1);
  node.Advance(Millis(999));
  provoke();
  EXPECT_EQ(Logged(node, line), 1);
  node.Advance(Millis(1));
  provoke();
  EXPECT_EQ(Logged(node, line), 2);
}

}  // namespace
}  // namespace dunlin
