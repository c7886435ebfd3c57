#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/node_driver.h"

namespace dunlin {
namespace {

using testing::NodeDriver;

bool Logged(const NodeDriver& node, std::string_view line) {
  return std::find(node.log().begin(), node.log().end(), line) != node.log().end();
}

// What a client is told at first.
std::string Info(NodeDriver& node) { return node.Take(node.Connect()); }

TEST(Boot, TellsClientsTheAdvertisedAddress) {
  config::Options options;
  options.client_advertise = "nats.example.com:7777";
  NodeDriver node(options);
  const std::string info = Info(node);
  EXPECT_NE(info.find("\"host\":\"nats.example.com\",\"port\":7777,"), std::string::npos) << info;
  EXPECT_TRUE(Logged(node, "Listening for client connections on 0.0.0.0:4222"));
}

TEST(Boot, AdvertisesThePortItListensOnIfNoneIsGiven) {
  config::Options options;
  options.client_advertise = "nats.example.com";
  options.port = -1;
  NodeDriver node(options);
  const std::string info = Info(node);
  EXPECT_NE(info.find("\"host\":\"nats.example.com\",\"port\":4222,"), std::string::npos) << info;
}

TEST(Boot, EndsIfTheAdvertisedAddressMakesNoSense) {
  config::Options options;
  options.client_advertise = "addr:::123";
  NodeDriver node(options);
  EXPECT_TRUE(Logged(node,
                     "Error setting server INFO with ClientAdvertise value of addr:::123, "
                     "err=address addr:::123: too many colons in address"));
  EXPECT_FALSE(Logged(node, "Server is ready"));
}

TEST(Boot, NamesTheConfigurationFileAndItsDigest) {
  config::Options options;
  options.config_file = "nats.conf";
  options.config_digest = "sha256:12ab";
  EXPECT_TRUE(Logged(NodeDriver(options), "Using configuration file: nats.conf (sha256:12ab)"));
}

TEST(Boot, WarnsOfAPasswordInPlainText) {
  const std::string warning = "Plaintext passwords detected, use nkeys or bcrypt";
  config::Options options;
  EXPECT_FALSE(Logged(NodeDriver(options), warning));
  options.authorization = "token";
  EXPECT_FALSE(Logged(NodeDriver(options), warning));
  options.password = "secret";
  EXPECT_TRUE(Logged(NodeDriver(options), warning));
}

TEST(Boot, ShowsAPortThatIsNone) {
  for (const int64_t port : {int64_t{-2}, int64_t{70'000}, int64_t{99'999'999'999}}) {
    config::Options options;
    options.port = port;
    Server server(options, {});
    Outbox out;
    const Event tick;
    server.Step({}, {&tick, 1}, out);
    EXPECT_EQ(out.effects().back().kind, Effect::Kind::kListen);
    EXPECT_EQ(out.effects().back().port, port);
    out.Clear();
    Event failed;
    failed.kind = Event::Kind::kListenFailed;
    failed.text = "because";
    server.Step({}, {&failed, 1}, out);
    EXPECT_EQ(out.Text(out.effects().front()),
              "Error listening on port: 0.0.0.0:" + std::to_string(port) + ", \"because\"");
  }
}

// It ends the life before clients are listened for, and nothing that comes later revives it.
TEST(Boot, AStopDuringTheStartEndsIt) {
  config::Options options;
  options.http_port = -1;
  Server server(options, {});
  Outbox out;
  Event stop;
  stop.kind = Event::Kind::kCommand;
  server.Step({}, {&stop, 1}, out);
  for (const Effect& effect : out.effects()) {
    EXPECT_FALSE(effect.kind == Effect::Kind::kListen && effect.listener == ListenerKind::kClient);
  }
  EXPECT_EQ(out.effects().back().kind, Effect::Kind::kExit);
  out.Clear();
  Event listening;
  listening.kind = Event::Kind::kListening;
  listening.listener = ListenerKind::kMonitor;
  server.Step({}, {&listening, 1}, out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(server.NextDeadline(), kNever);
}

}  // namespace
}  // namespace dunlin
