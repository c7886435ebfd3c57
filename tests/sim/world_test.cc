// A world with the real engine in it.
#include "sim/world.h"

#include <gtest/gtest.h>

#include <string>

namespace dunlin::sim {
namespace {

class WorldTest : public testing::Test {
 protected:
  explicit WorldTest(World::Options options = {}) : world_(options) {
    config::Options server;
    server.http_port = 8222;
    node_ = world_.AddNode("one", server);
  }
  void Settle() { ASSERT_TRUE(world_.RunUntilIdle(Seconds(10))); }
  void Boot() {
    world_.Start(node_);
    Settle();
  }
  EndpointId Client(std::string_view says = "CONNECT {\"verbose\":false}\r\nPING\r\n") {
    const EndpointId client = world_.Connect(node_);
    world_.Send(client, says);
    Settle();
    return client;
  }
  bool Logged(std::string_view text) {
    for (const LogLine& line : world_.log(node_)) {
      if (line.text.find(text) != std::string::npos) return true;
    }
    return false;
  }
  // What came since it was last asked.
  std::string Take(EndpointId client) {
    std::string bytes(world_.Received(client));
    world_.Consume(client, bytes.size());
    return bytes;
  }

  World world_;
  NodeId node_;
};

TEST_F(WorldTest, AServerBootsAndListens) {
  EXPECT_EQ(world_.state(node_), NodeState::kDown);
  Boot();
  EXPECT_EQ(world_.state(node_), NodeState::kRunning);
  EXPECT_EQ(world_.port(node_, ListenerKind::kClient), 4222);
  EXPECT_EQ(world_.port(node_, ListenerKind::kMonitor), 8222);
  EXPECT_TRUE(Logged("Server is ready"));
}

TEST_F(WorldTest, AMessageGoesFromClientToClient) {
  Boot();
  const EndpointId subscriber = Client(), publisher = Client();
  world_.Send(subscriber, "SUB a.* 1\r\n");
  Settle();
  Take(subscriber);
  world_.Send(publisher, "PUB a.b 5\r\nhello\r\n");
  Settle();
  EXPECT_EQ(Take(subscriber), "MSG a.b 1 5\r\nhello\r\n");
}

TEST_F(WorldTest, NobodyAnswersWhereNoServerRuns) {
  EXPECT_EQ(world_.endpoint_state(Client()), EndpointState::kRefused);
}

TEST_F(WorldTest, AKilledServerIsGoneAndMayComeBack) {
  Boot();
  const EndpointId client = Client();
  world_.Kill(node_);
  Settle();
  EXPECT_NE(world_.endpoint_state(client), EndpointState::kOpen);
  EXPECT_EQ(world_.port(node_, ListenerKind::kClient), std::nullopt);
  Boot();
  EXPECT_EQ(world_.starts(node_), 2);
  EXPECT_NE(Take(Client()).find("PONG\r\n"), std::string::npos);
}

TEST_F(WorldTest, AServerThatIsToldToStopExits) {
  Boot();
  const EndpointId client = Client();
  world_.Signal(node_, Command::kStop);
  Settle();
  EXPECT_EQ(world_.state(node_), NodeState::kExited);
  EXPECT_EQ(world_.exit_code(node_), 0);
  EXPECT_NE(world_.endpoint_state(client), EndpointState::kOpen);
}

TEST_F(WorldTest, APortInUseIsToldInTheSystemsWords) {
  world_.FailNextListen(node_, ListenerKind::kClient, "bind: address already in use");
  world_.Start(node_);
  world_.RunFor(Seconds(1));
  EXPECT_TRUE(Logged("address already in use"));
  EXPECT_EQ(world_.state(node_), NodeState::kExited);
}

TEST_F(WorldTest, APausedServerAnswersLater) {
  Boot();
  const EndpointId client = Client();
  Take(client);
  world_.Pause(node_, Millis(1'000));
  world_.Send(client, "PING\r\n");
  world_.RunFor(Millis(900));
  EXPECT_EQ(Take(client), "");
  world_.RunFor(Millis(900));
  EXPECT_EQ(Take(client), "PONG\r\n");
}

TEST_F(WorldTest, MonitoringAnswers) {
  Boot();
  const MonitorId request = world_.RequestMonitor(node_, "/varz");
  EXPECT_EQ(world_.answer(request), nullptr);
  Settle();
  ASSERT_NE(world_.answer(request), nullptr);
  EXPECT_EQ(world_.answer(request)->status, 200);
  EXPECT_EQ(world_.answer(request)->content_type, "application/json");
  EXPECT_NE(world_.answer(request)->body.find("\"connections\": 0"), std::string::npos);
}

TEST_F(WorldTest, MonitoringIsRefusedWhereNoServerRuns) {
  const MonitorId request = world_.RequestMonitor(node_, "/varz");
  ASSERT_NE(world_.answer(request), nullptr);
  EXPECT_EQ(world_.answer(request)->status, 0);
}

TEST_F(WorldTest, ADriftingServerPingsAtItsOwnPace) {
  Boot();
  world_.SetSkew(node_, 100'000);  // Its second is over in ten elevenths of ours.
  const Instant start = world_.now();
  const Instant mono = world_.clock(node_).mono;
  world_.RunFor(Seconds(100));
  EXPECT_EQ(world_.clock(node_).mono - mono, Seconds(110));
  EXPECT_EQ(world_.now() - start, Seconds(100));
}

TEST_F(WorldTest, AWallThatJumpsDoesNotDisturbTheServer) {
  Boot();
  const EndpointId client = Client();
  world_.JumpWall(node_, Hours(-1));
  world_.RunFor(Seconds(30));
  world_.Send(client, "PING\r\n");
  Settle();
  EXPECT_EQ(world_.endpoint_state(client), EndpointState::kOpen);
  EXPECT_TRUE(Take(client).ends_with("PONG\r\n"));
}

TEST_F(WorldTest, SilentHoursCostNothing) {
  Boot();
  const uint64_t before = world_.trace().count();
  world_.RunFor(Hours(24 * 30));
  EXPECT_LT(world_.trace().count() - before, 100u);
}

TEST_F(WorldTest, AVanishedClientIsGivenUp) {
  Boot();
  const EndpointId client = Client();
  EXPECT_EQ(world_.open_connections(node_), 1u);
  world_.Vanish(client);
  world_.RunFor(Minutes(10));
  EXPECT_EQ(world_.open_connections(node_), 0u);
}

// What the simulator found in the engine, kept.

// A delivery that fills its receiver beyond max_pending closes it, and with it goes all its
// subscriptions: also those that the same message still has to go to.
TEST_F(WorldTest, AConsumerMayBeClosedByTheMessageThatItGets) {
  config::Options server;
  server.max_pending = 2000;
  world_.SetOptions(node_, server);
  Boot();
  const EndpointId consumer = world_.Connect(node_, {.to_client_bytes_max = 600}, nullptr);
  std::string subs = "CONNECT {\"verbose\":false}\r\n";
  for (int i = 0; i < 50; ++i) subs += "SUB a " + std::to_string(i) + "\r\n";
  world_.Send(consumer, subs);
  Settle();
  world_.StallReading(consumer);
  const EndpointId bystander = Client("CONNECT {}\r\nSUB a 1\r\nPING\r\n");
  const EndpointId publisher = Client();
  Take(bystander);
  world_.Send(publisher, "PUB a 100\r\n" + std::string(100, 'x') + "\r\nPING\r\n");
  Settle();
  EXPECT_EQ(world_.open_connections(node_), 2u);
  EXPECT_EQ(Take(bystander).substr(0, 11), "MSG a 1 100");
  world_.CheckInvariants(node_);
}

}  // namespace
}  // namespace dunlin::sim
