#include "host/syslog.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <regex>

#include "engine/base/check.h"
#include "host/log_sink.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace dunlin::host {
namespace {

using Network = SyslogAddress::Network;
using testing::Eventually;
using testing::Readable;

constexpr WallTime kAt{1'795'301'899'123'456'789};

// A logger on the loopback interface.
struct Receiver {
  UniqueFd fd;
  int port = 0;

  explicit Receiver(int type, int on_port = 0) : fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(on_port));
    CHECK(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    if (type == SOCK_STREAM) CHECK(::listen(fd.get(), 8) == 0);
    socklen_t size = sizeof address;
    CHECK(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
  std::string Url(std::string_view scheme) const {
    std::string url(scheme);
    url += "://127.0.0.1:";
    return url += std::to_string(port);
  }
};

std::string Receive(const UniqueFd& fd) {
  if (!Readable(fd.get())) return "nothing came";
  char buffer[4096];
  const ssize_t got = ::recv(fd.get(), buffer, sizeof buffer, 0);
  return got < 0 ? "error" : std::string(buffer, static_cast<size_t>(got));
}

config::Options To(const std::string& url) {
  config::Options options;
  options.remote_syslog = url;
  return options;
}

LogSink Open(const config::Options& options, std::string program = "/usr/bin/dunlin") {
  auto sink = LogSink::Open(options, {7, std::move(program), "here"}, kAt);
  CHECK(sink.ok());
  return std::move(sink.value());
}

TEST(Syslog, SendsLinesWithTheirSeverity) {
  const Receiver receiver(SOCK_DGRAM);
  config::Options options = To(receiver.Url("udp"));
  options.debug = options.trace = true;
  LogSink sink = Open(options);
  const std::pair<LogLevel, const char*> levels[] = {
      {LogLevel::kFatal, "<2>"}, {LogLevel::kError, "<3>"}, {LogLevel::kWarn, "<4>"},
      {LogLevel::kInfo, "<5>"},  {LogLevel::kDebug, "<7>"}, {LogLevel::kTrace, "<5>"}};
  for (const auto& [level, priority] : levels) {
    sink.Write(kAt, level, "foo bar");
    EXPECT_TRUE(std::regex_match(
        Receive(receiver.fd),
        std::regex(std::string(priority) +
                   R"(2026-11-2\dT\d\d:\d\d:19(Z|[+-]\d\d:\d\d) here dunlin\[7\]: foo bar\n)")));
  }
}

TEST(Syslog, LeavesOutDebugAndTraceUnlessAsked) {
  const Receiver receiver(SOCK_DGRAM);
  LogSink sink = Open(To(receiver.Url("udp")));
  sink.Write(kAt, LogLevel::kDebug, "debug");
  sink.Write(kAt, LogLevel::kTrace, "trace");
  sink.Write(kAt, LogLevel::kInfo, "info");
  const std::string line = Receive(receiver.fd);
  EXPECT_EQ(line.substr(line.find("]: ")), "]: info\n");
}

TEST(Syslog, LinesCarryTheNameOfTheProgram) {
  EXPECT_EQ(SyslogTag("nats-server"), "nats-server");
  EXPECT_EQ(SyslogTag("./nats-server"), "nats-server");
  EXPECT_EQ(SyslogTag("home/bin/nats-server"), "nats-server");
  EXPECT_EQ(SyslogTag("../../nats-server"), "nats-server");
  EXPECT_EQ(SyslogTag("nats-server.service1"), "nats-server.service1");
  EXPECT_EQ(SyslogTag("nats-server service1"), "nats-server service1");
  const Receiver receiver(SOCK_DGRAM);
  LogSink sink = Open(To(receiver.Url("udp")), "ServerLoggerTag");
  sink.Write(kAt, LogLevel::kInfo, "foo");
  EXPECT_NE(Receive(receiver.fd).find(" ServerLoggerTag[7]: foo\n"), std::string::npos);
}

TEST(Syslog, ConnectsAgainWhenTheLoggerWasAway) {
  auto receiver = std::make_unique<Receiver>(SOCK_STREAM);
  const int port = receiver->port;
  LogSink sink = Open(To(receiver->Url("tcp")));
  UniqueFd first(::accept(receiver->fd.get(), nullptr, nullptr));
  sink.Write(kAt, LogLevel::kInfo, "one");
  sink.Flush(kAt);
  EXPECT_NE(Receive(first).find("]: one\n"), std::string::npos);

  first.Reset();
  receiver.reset();
  receiver = std::make_unique<Receiver>(SOCK_STREAM, port);
  WallTime at = kAt;
  ASSERT_TRUE(Eventually([&] {
    at = at + Seconds(1);
    sink.Write(at, LogLevel::kInfo, "two");
    sink.Flush(at);
    pollfd ready{receiver->fd.get(), POLLIN, 0};
    return ::poll(&ready, 1, 0) == 1;
  }));
  UniqueFd second(::accept(receiver->fd.get(), nullptr, nullptr));
  sink.Write(at, LogLevel::kInfo, "three");
  sink.Flush(at);
  EXPECT_NE(Receive(second).find("]: t"), std::string::npos);
}

TEST(Syslog, SendsToASocketOfThisMachine) {
  const testing::TempDir dir;
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, dir.File("log").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  LogSink sink = Open(To("unix://" + dir.File("log")));
  const UniqueFd peer(::accept(listener.get(), nullptr, nullptr));
  sink.Write(kAt, LogLevel::kInfo, "foo");
  sink.Flush(kAt);
  EXPECT_NE(Receive(peer).find("dunlin[7]: foo\n"), std::string::npos);
}

TEST(Syslog, ReadsUrls) {
  const auto udp = ParseSyslogUrl("udp://foo.com:1000");
  ASSERT_TRUE(udp.ok());
  EXPECT_EQ(udp->network, Network::kUdp);
  EXPECT_EQ(udp->address, "foo.com:1000");
  const auto tcp = ParseSyslogUrl("tcp://foo.com:1000");
  ASSERT_TRUE(tcp.ok());
  EXPECT_EQ(tcp->network, Network::kTcp);
  EXPECT_EQ(tcp->address, "foo.com:1000");
  const auto unix_socket = ParseSyslogUrl("unix:///foo.sock");
  ASSERT_TRUE(unix_socket.ok());
  EXPECT_EQ(unix_socket->network, Network::kUnix);
  EXPECT_EQ(unix_socket->address, "/foo.sock");
}

TEST(Syslog, SaysWhatIsWrongWithAnAddress) {
  const auto text = [](const std::string& url) {
    const auto sink = LogSink::Open(To(url), {}, kAt);
    return sink.ok() ? std::string("opened") : sink.error().text;
  };
  EXPECT_EQ(text("http://foo.com"), "error invalid network type: \"http\"");
  EXPECT_EQ(text("localhost:514"), "error invalid network type: \"localhost\"");
  EXPECT_EQ(text("udp://127.0.0.1"),
            "error connecting to syslog: \"dial udp: address 127.0.0.1: missing port in address\"");
  auto receiver = std::make_unique<Receiver>(SOCK_STREAM);
  const std::string url = receiver->Url("tcp");
  receiver.reset();
  EXPECT_EQ(text(url), "error connecting to syslog: \"dial tcp " + url.substr(6) +
                           ": connect: connection refused\"");
}

}  // namespace
}  // namespace dunlin::host
