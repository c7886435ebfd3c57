#include "host/monitor_port.h"

#include <gtest/gtest.h>

#include <array>

namespace dunlin::host {
namespace {

constexpr std::array<std::string_view, 2> kEndpoints{"/", "/varz"};
constexpr WallTime kWall{1'795'301'899'000'000'000};

Instant At(int64_t seconds) { return Instant{} + Seconds(seconds); }

MonitorPort Port() { return MonitorPort({.base_path = "/", .endpoints = kEndpoints}); }

void Send(MonitorPort::Conn& conn, std::string_view text) {
  conn.http.OnBytes(kWall, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

TEST(MonitorPort, KnowsWhoAsked) {
  MonitorPort port = Port();
  MonitorPort::Conn* first = port.Open({1, 1}, At(0));
  MonitorPort::Conn* second = port.Open({2, 1}, At(0));
  Send(*first, "GET /varz HTTP/1.1\r\nHost: x\r\n\r\n");
  Send(*second, "GET /varz?js=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(port.TakeRequest(*first), "/varz");
  EXPECT_EQ(port.TakeRequest(*second), "/varz?js=1");
  ASSERT_TRUE(first->asked && second->asked);
  EXPECT_NE(*first->asked, *second->asked);
  EXPECT_EQ(port.Find(*first->asked), first);
  EXPECT_EQ(port.Find(*second->asked), second);
  EXPECT_EQ(port.TakeRequest(*first), std::nullopt);
}

TEST(MonitorPort, ForgetsWhoHasGone) {
  MonitorPort port = Port();
  MonitorPort::Conn* conn = port.Open({1, 1}, At(0));
  EXPECT_EQ(port.Close({1, 1}), std::nullopt);
  conn = port.Open({1, 2}, At(0));
  Send(*conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(port.TakeRequest(*conn));
  const Ticket ticket = *conn->asked;
  EXPECT_EQ(port.Find(ConnId{1, 1}), nullptr);
  EXPECT_EQ(port.Close({1, 2}), ticket);
  EXPECT_EQ(port.Find(ticket), nullptr);
}

TEST(MonitorPort, ClosesWhoTakesTooLongForAHeader) {
  MonitorPort port = Port();
  port.Open({1, 1}, At(0));
  MonitorPort::Conn* quick = port.Open({2, 1}, At(1));
  port.Open({3, 1}, At(2));
  EXPECT_EQ(port.NextDeadline(), At(5));
  Send(*quick, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(port.TakeRequest(*quick));
  port.Touch(*quick, At(2));
  EXPECT_EQ(port.Overdue(At(4)), std::nullopt);
  EXPECT_EQ(port.Overdue(At(5)), (ConnId{1, 1}));
  port.Close({1, 1});
  EXPECT_EQ(port.Overdue(At(5)), std::nullopt);
  EXPECT_EQ(port.NextDeadline(), At(7));
  EXPECT_EQ(port.Overdue(At(100)), (ConnId{3, 1}));
  port.Close({3, 1});
  EXPECT_EQ(port.Overdue(At(100)), std::nullopt);
  EXPECT_EQ(port.NextDeadline(), kNever);
}

// A header must come in time once it has begun; reading an answer and thinking may take for ever.
TEST(MonitorPort, WaitsForWhoHasBeenServed) {
  MonitorPort port = Port();
  MonitorPort::Conn* conn = port.Open({1, 1}, At(0));
  for (int64_t hour : {0, 1, 2}) {
    Send(*conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    port.Touch(*conn, At(3600 * hour));
    ASSERT_TRUE(port.TakeRequest(*conn));
    EXPECT_EQ(port.Overdue(At(3600 * hour + 1800)), std::nullopt);
    conn->http.Respond(
        kWall,
        {.first = true, .last = true, .status = 200, .content_type = "text/plain", .text = "x"});
    port.Answered(*conn);
    port.Touch(*conn, At(3600 * hour + 1800));
    EXPECT_EQ(port.Overdue(At(3600 * hour + 3599)), std::nullopt);
    conn->http.Consumed(conn->http.Output().size());
    port.Touch(*conn, At(3600 * hour + 3599));
    EXPECT_EQ(port.NextDeadline(), kNever);
  }
}

TEST(MonitorPort, TakesSoManyConnections) {
  MonitorPort port = Port();
  for (uint32_t i = 0; i < MonitorPort::kConnectionsMax; ++i)
    ASSERT_NE(port.Open({i, 1}, At(0)), nullptr);
  EXPECT_EQ(port.Open({100'000, 1}, At(0)), nullptr);
  port.Close({7, 1});
  EXPECT_NE(port.Open({100'000, 1}, At(0)), nullptr);
}

}  // namespace
}  // namespace dunlin::host
