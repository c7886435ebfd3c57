// The whole program: what only a real process can show.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>

#include "tests/host/daemon.h"
#include "tests/support/eventually.h"

namespace dunlin::host {
namespace {

using testing::Eventually;
using testing::ReadText;

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

size_t Count(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
    ++count;
  return count;
}

TEST(Process, StopsCleanlyWhenToldTo) {
  const std::pair<int, const char*> signals[] = {{SIGINT, "interrupt"}, {SIGTERM, "terminated"}};
  for (const auto& [signal, name] : signals) {
    Daemon daemon;
    const UniqueFd client = Dial(daemon.client_port());
    EXPECT_TRUE(StartsWith(ReadLine(client), "INFO {"));
    daemon.Send(signal);
    EXPECT_EQ(daemon.Wait(), 0);
    EXPECT_EQ(Count(daemon.Log(), "[INF] Trapped \"" + std::string(name) + "\" signal\n"), 1u);
    EXPECT_EQ(Count(daemon.Log(), "[INF] Server Exiting..\n"), 1u);
  }
}

TEST(Process, AskedTwiceInOneBreathStillStops) {
  Daemon daemon;
  ASSERT_NE(daemon.client_port(), 0);
  daemon.Send(SIGTERM);
  daemon.Send(SIGINT);
  EXPECT_EQ(daemon.Wait(), 0);
}

TEST(Process, SaysThatThePortIsTaken) {
  Daemon first;
  const std::string port = std::to_string(first.client_port());
  Daemon second({{"-p", port}});
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_NE(
      second.Log().find("[FTL] Error listening on port: 127.0.0.1:" + port +
                        ", \"listen tcp 127.0.0.1:" + port + ": bind: address already in use\"\n"),
      std::string::npos)
      << second.Log();
}

TEST(Process, ReopensItsLogOnRequest) {
  Daemon daemon({{"-l", "x.log"}});
  const std::string log = daemon.dir().File("x.log");
  ASSERT_TRUE(
      Eventually([&] { return ReadText(log).find("Server is ready") != std::string::npos; }));
  std::filesystem::rename(log, log + ".bak");
  daemon.Send(SIGUSR1);
  EXPECT_TRUE(Eventually(
      [&] { return ReadText(log).find("[INF] File log re-opened\n") != std::string::npos; }));
}

TEST(Process, WaitsForDescriptorsAndGoesOnWhenThereAreSome) {
  constexpr int kLimit = 30, kClients = 40;
  Daemon daemon({.descriptors_max = kLimit});
  const int port = daemon.client_port();
  std::vector<UniqueFd> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(Dial(port));
    ASSERT_TRUE(clients.back().valid());
  }
  ASSERT_TRUE(daemon.Says("[ERR] Temporary Client Accept Error(accept tcp 127.0.0.1:" +
                          std::to_string(port) + ": accept4: too many open files)"));
  // Those that are in are served meanwhile.
  EXPECT_TRUE(StartsWith(ReadLine(clients[0]), "INFO {"));
  SendText(clients[0], "CONNECT {\"verbose\":false}\r\nPING\r\n");
  EXPECT_EQ(ReadLine(clients[0]), "PONG");

  // The others get their turn as the first ones leave.
  for (int i = 0; i < kClients / 2; ++i) clients[i].Reset();
  for (int i = kClients / 2; i < kClients; ++i) {
    const std::string line = ReadLine(clients[i]);
    EXPECT_TRUE(StartsWith(line, "INFO {")) << i << line;
  }
  ASSERT_TRUE(daemon.Says("[INF] Accepting connections again\n")) << daemon.Log();
  EXPECT_EQ(Count(daemon.Log(), "Accept Error"), 1u) << daemon.Log();
  daemon.Send(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0);
}

// The next connection may get its slot before the server is done with the subscriptions.
TEST(Process, AConnectionMayFollowOneThatLeavesManySubscriptions) {
  Daemon daemon;
  const int port = daemon.client_port();
  UniqueFd first = Dial(port);
  std::string text = "CONNECT {\"verbose\":false}\r\n";
  for (int i = 0; i < 100'000; ++i)
    text += "SUB a." + std::to_string(i) + " " + std::to_string(i) + "\r\n";
  SendText(first, text + "PING\r\n");
  EXPECT_TRUE(StartsWith(ReadLine(first), "INFO {"));
  EXPECT_EQ(ReadLine(first), "PONG");
  first.Reset();
  for (int i = 0; i < 3; ++i) {
    const UniqueFd next = Dial(port);
    EXPECT_TRUE(StartsWith(ReadLine(next), "INFO {"));
  }
  daemon.Send(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0);
}

// Ten megabytes: more than the buffers of both sockets hold.
TEST(Process, HoldsBackWhatASlowReaderDoesNotTake) {
  Daemon daemon;
  const int port = daemon.client_port();
  const UniqueFd subscriber = Dial(port), publisher = Dial(port);
  SendText(subscriber, "CONNECT {\"verbose\":false}\r\nSUB a 1\r\nPING\r\n");
  EXPECT_TRUE(StartsWith(ReadLine(subscriber), "INFO {"));
  EXPECT_EQ(ReadLine(subscriber), "PONG");
  const std::string payload(100'000, 'x');
  constexpr int kMessages = 100;
  SendText(publisher, "CONNECT {\"verbose\":false}\r\n");
  for (int i = 0; i < kMessages; ++i) SendText(publisher, "PUB a 100000\r\n" + payload + "\r\n");
  const std::string delivery = "MSG a 1 100000\r\n" + payload + "\r\n";
  for (int i = 0; i < kMessages; ++i)
    ASSERT_EQ(ReadBytes(subscriber, delivery.size()), delivery) << i;
}

}  // namespace
}  // namespace dunlin::host
