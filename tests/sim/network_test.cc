#include "sim/network.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dunlin::sim {
namespace {

// A server's end that keeps what comes.
class FakeServer : public ServerDoor {
 public:
  explicit FakeServer(Network& network) : network_(network) {}

  bool Accepts() const override { return accepts; }
  void OnIncoming(uint32_t connection) override {
    incoming.push_back(connection);
    if (!takes) return;
    network_.Accept(connection);
    OnReadable(connection);
  }
  void OnReadable(uint32_t connection) override {
    reset = network_.IsReset(connection);
    const std::string_view bytes = network_.Arrived(connection);
    if (reads) {
      received += bytes;
      network_.Read(connection, bytes.size());
    }
    ended = network_.AtEnd(connection);
  }
  void OnWritable(uint32_t) override { ++writable; }

  bool accepts = true, takes = true, reads = true, reset = false, ended = false;
  int writable = 0;
  std::vector<uint32_t> incoming;
  std::string received;

 private:
  Network& network_;
};

class NetworkTest : public testing::Test {
 protected:
  NetworkTest() : kernel_({.seed = 1}), network_(kernel_), server_(network_) {
    network_.AddDoor(&server_);
  }

  void Run() {
    while (!kernel_.queue.empty()) {
      const Happening next = kernel_.queue.Take();
      kernel_.now = next.at;
      const auto direction = static_cast<Direction>(next.what);
      switch (next.kind) {
        case HappeningKind::kArrive: network_.OnArrive(next.who, direction); break;
        case HappeningKind::kRoom: network_.OnRoom(next.who, direction); break;
        case HappeningKind::kConnect: network_.OnConnect(next.who); break;
        case HappeningKind::kPacedRead: network_.OnPacedRead(next.who); break;
        default: FAIL();
      }
    }
  }
  EndpointId Connect(LinkOptions link = {}) {
    const EndpointId endpoint = network_.Connect({0}, link, nullptr, "127.0.0.1");
    Run();
    return endpoint;
  }
  void Write(EndpointId endpoint, std::string_view text) {
    network_.Write(endpoint.value, reinterpret_cast<const uint8_t*>(text.data()), text.size());
    Run();
  }

  Kernel kernel_;
  Network network_;
  FakeServer server_;
};

TEST_F(NetworkTest, NobodyListeningRefuses) {
  server_.accepts = false;
  EXPECT_EQ(network_.state(Connect()), EndpointState::kRefused);
}

TEST_F(NetworkTest, BytesTravelBothWays) {
  const EndpointId client = Connect();
  network_.Send(client, "ping");
  Run();
  EXPECT_EQ(server_.received, "ping");
  Write(client, "pong");
  EXPECT_EQ(network_.Received(client), "pong");
}

TEST_F(NetworkTest, WhatIsSentBeforeTheServerTakesItArrivesLater) {
  const EndpointId client = network_.Connect({0}, {}, nullptr, "127.0.0.1");
  network_.Send(client, "early");
  Run();
  EXPECT_EQ(server_.received, "early");
}

TEST_F(NetworkTest, AClientThatFinishesStillReceives) {
  const EndpointId client = Connect();
  network_.Send(client, "last");
  network_.FinishSending(client);
  Run();
  EXPECT_TRUE(server_.ended);
  EXPECT_EQ(server_.received, "last");
  Write(client, "answer");
  EXPECT_EQ(network_.Received(client), "answer");
}

TEST_F(NetworkTest, ClosingWithUnreadInputIsAResetBehindTheLastByte) {
  server_.reads = false;
  const EndpointId client = Connect();
  network_.Send(client, "unread");
  Run();
  Write(client, "bye");
  network_.CloseAtServer(client.value);
  Run();
  EXPECT_EQ(network_.Received(client), "bye");
  EXPECT_EQ(network_.state(client), EndpointState::kReset);
}

TEST_F(NetworkTest, ClosingInGoodOrderFinishes) {
  const EndpointId client = Connect();
  network_.CloseAtServer(client.value);
  Run();
  EXPECT_EQ(network_.state(client), EndpointState::kFinished);
}

TEST_F(NetworkTest, AResetOfTheServersSideLeavesTheClientWaiting) {
  const EndpointId client = Connect();
  network_.Reset(client, ResetSide::kServerOnly);
  Run();
  EXPECT_TRUE(server_.reset);
  EXPECT_EQ(network_.state(client), EndpointState::kOpen);
}

TEST_F(NetworkTest, AResetOfTheClientsSideLeavesTheServerWaiting) {
  const EndpointId client = Connect();
  network_.Reset(client, ResetSide::kClientOnly);
  Run();
  EXPECT_FALSE(server_.reset);
  EXPECT_EQ(network_.state(client), EndpointState::kReset);
}

TEST_F(NetworkTest, AVanishedClientTakesBytesUntilTheBufferIsFull) {
  const EndpointId client = Connect({.to_client_bytes_max = 4});
  network_.Vanish(client);
  Write(client, "abcd");
  EXPECT_EQ(network_.Room(client.value), 0u);
  EXPECT_FALSE(server_.reset);
  EXPECT_EQ(server_.writable, 0);
}

TEST_F(NetworkTest, WritingToAClosedClientResets) {
  const EndpointId client = Connect();
  network_.Close(client);
  Run();
  EXPECT_TRUE(server_.ended);
  Write(client, "too late");
  EXPECT_TRUE(server_.reset);
}

TEST_F(NetworkTest, AStalledClientBlocksTheServerUntilItReads) {
  const EndpointId client = Connect({.to_client_bytes_max = 8});
  network_.StallReading(client, true);
  Write(client, "12345678");
  EXPECT_EQ(network_.Room(client.value), 0u);
  network_.WaitForRoom(client.value);
  EXPECT_EQ(network_.Received(client), "");
  network_.StallReading(client, false);
  Run();
  EXPECT_EQ(server_.writable, 1);
  EXPECT_EQ(network_.Received(client), "12345678");
}

TEST_F(NetworkTest, APacedClientTakesALittleAtATime) {
  const EndpointId client = Connect();
  network_.PaceReading(client, 2, Seconds(1));
  const Instant start = kernel_.now;
  Write(client, "123456");
  EXPECT_EQ(network_.Received(client), "123456");
  EXPECT_GE(kernel_.now - start, Seconds(2));
}

TEST_F(NetworkTest, AClogHoldsBackThenDeliversInOrder) {
  const EndpointId client = Connect();
  const Instant until = kernel_.now + Seconds(5);
  network_.Clog(client, Direction::kToServer, until);
  network_.Send(client, "one ");
  network_.Send(client, "two");
  Run();
  EXPECT_EQ(server_.received, "one two");
  EXPECT_GE(kernel_.now, until);
}

TEST_F(NetworkTest, AServerThatReadsNothingBlocksTheClient) {
  server_.reads = false;
  const EndpointId client = Connect({.to_server_bytes_max = 4});
  network_.Send(client, "123456");
  Run();
  EXPECT_EQ(network_.unsent(client), 2u);
  server_.reads = true;
  server_.OnReadable(client.value);
  Run();
  EXPECT_EQ(server_.received, "123456");
  EXPECT_EQ(network_.unsent(client), 0u);
}

}  // namespace
}  // namespace dunlin::sim
