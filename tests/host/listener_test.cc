#include "host/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "engine/base/check.h"
#include "tests/support/eventually.h"

namespace dunlin::host {
namespace {

using Accepted = Listener::Accepted;

UniqueFd ConnectTo(int port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  CHECK(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

struct One {
  UniqueFd fd;
  std::string address;
  int port = 0;
};

One AcceptOne(Listener& listener) {
  One one;
  Peer peer;
  char buffer[kAddressMax];
  int error = 0;
  EXPECT_TRUE(testing::Readable(listener.fd()));
  EXPECT_EQ(listener.Accept(one.fd, peer, buffer, error), Accepted::kConnection);
  one.address = peer.address;
  one.port = peer.port;
  return one;
}

int OptionOf(const UniqueFd& fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd.get(), level, name, &value, &size), 0);
  return value;
}

TEST(Listener, TakesAnyFreePort) {
  for (const int port : {0, -1}) {
    Listener listener(ListenerKind::kClient);
    ASSERT_EQ(listener.Open("127.0.0.1", port), "");
    EXPECT_GT(listener.port(), 0);
    EXPECT_EQ(listener.address(), "127.0.0.1");
  }
}

TEST(Listener, TellsWhoConnects) {
  Listener listener(ListenerKind::kClient);
  ASSERT_EQ(listener.Open("127.0.0.1", -1), "");
  const UniqueFd client = ConnectTo(listener.port());
  sockaddr_in local{};
  socklen_t size = sizeof local;
  ASSERT_EQ(getsockname(client.get(), reinterpret_cast<sockaddr*>(&local), &size), 0);
  const One one = AcceptOne(listener);
  EXPECT_EQ(one.address, "127.0.0.1");
  EXPECT_EQ(one.port, ntohs(local.sin_port));
}

TEST(Listener, SaysThatNobodyWaits) {
  Listener listener(ListenerKind::kClient);
  ASSERT_EQ(listener.Open("127.0.0.1", -1), "");
  UniqueFd fd;
  Peer peer;
  char buffer[kAddressMax];
  int error = 0;
  EXPECT_EQ(listener.Accept(fd, peer, buffer, error), Accepted::kNone);
}

// The protocol has its own PINGs: the reference turns TCP's keepalive off for clients only.
TEST(Listener, AcceptedSocketsHaveTheReferencesOptions) {
  for (const auto kind : {ListenerKind::kClient, ListenerKind::kMonitor}) {
    Listener listener(kind);
    ASSERT_EQ(listener.Open("127.0.0.1", -1), "");
    const UniqueFd client = ConnectTo(listener.port());
    const One one = AcceptOne(listener);
    EXPECT_EQ(OptionOf(one.fd, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(OptionOf(one.fd, SOL_SOCKET, SO_KEEPALIVE), kind == ListenerKind::kMonitor ? 1 : 0);
    EXPECT_EQ(::fcntl(one.fd.get(), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  }
}

TEST(Listener, EveryAddressIsBothFamilies) {
  for (const char* host : {"", "0.0.0.0", "::", "[::]"}) {
    Listener listener(ListenerKind::kClient);
    ASSERT_EQ(listener.Open(host, -1), "") << host;
    EXPECT_TRUE(listener.every_address());
    const UniqueFd client = ConnectTo(listener.port());
    EXPECT_EQ(AcceptOne(listener).address, "127.0.0.1") << host;
  }
}

TEST(Listener, PrefersIpv4ForAName) {
  Listener listener(ListenerKind::kClient);
  ASSERT_EQ(listener.Open("localhost", -1), "");
  EXPECT_EQ(listener.address(), "127.0.0.1");
}

TEST(Listener, ErrorsReadAsTheReferencesDo) {
  Listener first(ListenerKind::kClient), second(ListenerKind::kClient);
  ASSERT_EQ(first.Open("127.0.0.1", -1), "");
  const std::string port = std::to_string(first.port());
  EXPECT_EQ(second.Open("127.0.0.1", first.port()),
            "listen tcp 127.0.0.1:" + port + ": bind: address already in use");
  EXPECT_EQ(second.Open("0.0.0.0", first.port()),
            "listen tcp 0.0.0.0:" + port + ": bind: address already in use");
  EXPECT_EQ(second.Open("::", first.port()),
            "listen tcp 0.0.0.0:" + port + ": bind: address already in use");
  EXPECT_EQ(second.Open("192.0.2.1", 4222),
            "listen tcp 192.0.2.1:4222: bind: cannot assign requested address");
  EXPECT_EQ(second.Open("127.0.0.1", 70'000), "listen tcp: address 70000: invalid port");
  EXPECT_FALSE(second.open());
}

TEST(Listener, ConnectionErrorsNameBothEnds) {
  Listener listener(ListenerKind::kClient);
  ASSERT_EQ(listener.Open("127.0.0.1", -1), "");
  const UniqueFd client = ConnectTo(listener.port());
  const One one = AcceptOne(listener);
  EXPECT_EQ(ConnectionError(one.fd.get(), "read", ECONNRESET),
            "read tcp 127.0.0.1:" + std::to_string(listener.port()) +
                "->127.0.0.1:" + std::to_string(one.port) + ": read: connection reset by peer");
}

}  // namespace
}  // namespace dunlin::host
