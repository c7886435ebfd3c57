// The whole program: what only a real process can show.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdlib>
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

// The system refuses another descriptor before it says that nobody waits for one.
TEST(Process, FillsItsLastDescriptorWithoutAnError) {
  constexpr int kLimit = 30;
  Daemon daemon({.descriptors_max = kLimit});
  const std::string descriptors = "/proc/" + std::to_string(daemon.pid()) + "/fd";
  std::vector<UniqueFd> clients;
  const auto all_used = [&] {
    // What whoever runs this test has left open may have numbers above.
    int used = 0;
    for (const auto& descriptor : std::filesystem::directory_iterator(descriptors))
      used += std::stoi(descriptor.path().filename()) < kLimit ? 1 : 0;
    return used == kLimit;
  };
  while (!all_used()) {
    clients.push_back(Dial(daemon.client_port()));
    ASSERT_TRUE(StartsWith(ReadLine(clients.back()), "INFO {")) << clients.size();
  }
  SendText(clients.back(), "PING\r\n");
  EXPECT_EQ(ReadLine(clients.back()), "PONG");
  EXPECT_EQ(Count(daemon.Log(), "Accept Error"), 0u) << daemon.Log();
  // The next one has to wait: nothing else happens, and it is said all the same.
  const UniqueFd waits = Dial(daemon.client_port());
  EXPECT_TRUE(daemon.Says("Temporary Client Accept Error")) << daemon.Log();
  daemon.Send(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0);
  EXPECT_EQ(Count(daemon.Log(), "Accept Error"), 1u) << daemon.Log();
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

TEST(Process, OutlivesTheReaderOfItsLog) {
  Daemon daemon({.flags = {"-DV", "--ports_file_dir", "."}, .stderr_closed = true});
  const std::string ports = daemon.dir().File("dunlin_" + std::to_string(daemon.pid()) + ".ports");
  ASSERT_TRUE(Eventually([&] { return ReadText(ports).find("\"]}") != std::string::npos; }));
  const std::string text = ReadText(ports);
  const UniqueFd client = Dial(std::atoi(text.c_str() + text.rfind(':') + 1));
  EXPECT_TRUE(StartsWith(ReadLine(client), "INFO {"));
  SendText(client, "PING\r\n");
  EXPECT_EQ(ReadLine(client), "PONG");
  daemon.Send(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0);
}

TEST(Process, WritesPidAndPorts) {
  Daemon daemon({{"-P", "x.pid", "--ports_file_dir", ".", "-m", "-1"}});
  const std::string port = std::to_string(daemon.client_port());
  const std::string monitor =
      std::to_string(daemon.PortAfter("Starting http monitor on 127.0.0.1:"));
  const std::string pid = std::to_string(daemon.pid());
  const std::string ports = daemon.dir().File("dunlin_" + pid + ".ports");
  ASSERT_TRUE(Eventually([&] { return !ReadText(ports).empty(); }));
  EXPECT_EQ(ReadText(ports), "{\"nats\":[\"nats://127.0.0.1:" + port +
                                 "\"],\"monitoring\":[\"http://127.0.0.1:" + monitor + "\"]}");
  EXPECT_EQ(ReadText(daemon.dir().File("x.pid")), pid);
  daemon.Send(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0);
  EXPECT_FALSE(std::filesystem::exists(ports));
  EXPECT_EQ(ReadText(daemon.dir().File("x.pid")), pid);
}

TEST(Process, NeedsItsPidFile) {
  Daemon daemon({{"-P", "none/x.pid"}});
  EXPECT_EQ(daemon.Wait(), 1);
  EXPECT_NE(daemon.Log().find(
                "[FTL] Could not write pidfile: open none/x.pid: no such file or directory\n"),
            std::string::npos)
      << daemon.Log();
}

TEST(Process, AnswersMonitoring) {
  Daemon daemon({{"-m", "-1"}});
  const UniqueFd client = Dial(daemon.PortAfter("Starting http monitor on 127.0.0.1:"));
  SendText(client, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(ReadLine(client), "HTTP/1.1 200 OK");
  // In two pieces, and the next one behind it at once.
  const UniqueFd other = Dial(daemon.PortAfter("Starting http monitor on 127.0.0.1:"));
  SendText(other, "GET /nothing");
  SendText(
      other,
      " HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(ReadLine(other), "HTTP/1.1 404 Not Found");
  std::string line;
  while (line != "EOF" && line != "HTTP/1.1 200 OK") line = ReadLine(other);
  EXPECT_EQ(line, "HTTP/1.1 200 OK");
  while (line != "EOF" && line != "nothing") line = ReadLine(other);
  EXPECT_EQ(line, "EOF");
}

TEST(Process, IsNotHurriedInLameDuckMode) {
  Daemon daemon;
  const UniqueFd client = Dial(daemon.client_port());
  EXPECT_TRUE(StartsWith(ReadLine(client), "INFO {"));
  daemon.Send(SIGUSR2);
  ASSERT_TRUE(daemon.Says("[INF] Entering lame duck mode, stop accepting new clients\n"));
  daemon.Send(SIGTERM);
  ASSERT_TRUE(daemon.Says("[INF] Trapped \"terminated\" signal\n"));
  SendText(client, "PING\r\n");
  EXPECT_EQ(ReadLine(client), "PONG");
  daemon.Send(SIGINT);
  EXPECT_EQ(daemon.Wait(), 0);
}

TEST(Process, HidesPasswordsOfItsCommandLine) {
  Daemon daemon({{"--user", "derek", "--pass", "s3cr3t"}});
  ASSERT_NE(daemon.client_port(), 0);
  const std::string seen = ReadText("/proc/" + std::to_string(daemon.pid()) + "/cmdline");
  EXPECT_NE(seen.find("--pass"), std::string::npos);
  EXPECT_EQ(seen.find("s3cr3t"), std::string::npos);
  EXPECT_EQ(seen.find("derek"), std::string::npos);
}

TEST(Process, SendsASignalToTheServerOfAPidFile) {
  Daemon server({{"-P", "x.pid"}});
  ASSERT_NE(server.client_port(), 0);
  Daemon sender({{"--signal", "quit=" + server.dir().File("x.pid")}});
  EXPECT_EQ(sender.Wait(), 0);
  EXPECT_EQ(server.Wait(), 0);
  EXPECT_NE(server.Log().find("Trapped \"interrupt\" signal"), std::string::npos);
}

}  // namespace
}  // namespace dunlin::host
