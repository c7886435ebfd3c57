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

}  // namespace
}  // namespace dunlin
