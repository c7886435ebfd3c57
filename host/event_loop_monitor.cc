// The event loop's part for monitoring connections: bytes between their sockets and their filters.
#include <sys/socket.h>

#include <cerrno>

#include "host/event_loop.h"

namespace dunlin::host {

void EventLoop::OnMonitorReady(ConnId id, Connection& connection, uint32_t events, Now now) {
  MonitorPort::Conn* conn = monitor_.Find(id);
  CHECK(conn != nullptr);
  connection.blocked = false;
  if (!connection.paused) {
    uint8_t bytes[16 << 10];
    const ssize_t got = ::recv(connection.fd.get(), bytes, sizeof bytes, 0);
    if (got < 0 && errno != EAGAIN && errno != EINTR)
      return Lost(id, connection, TransportEnd::kReadError, "");
    if (got == 0) {
      conn->http.OnEnd();
      conn->peer_done = true;
    } else if (got > 0) {
      conn->http.OnBytes(now.wall, {bytes, static_cast<size_t>(got)});
    }
  } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
    return Lost(id, connection, TransportEnd::kReadError, "");
  }
  ServeMonitor(*conn, connection, now);
}

// Hands over what the filter has: a request to the engine, bytes to the socket.
void EventLoop::ServeMonitor(MonitorPort::Conn& conn, Connection& connection, Now now) {
  if (const auto target = monitor_.TakeRequest(conn)) {
    Event& event = Add(Event::Kind::kMonitorRequest, {});
    event.ticket = *conn.asked;
    event.text = texts_.Keep(*target);
    usage_ = usage_meter_.Measure(now.mono);
    event.usage = &usage_;
  }
  while (!conn.http.Output().empty() && !connection.blocked) {
    const std::string_view output = conn.http.Output();
    const ssize_t wrote = ::send(connection.fd.get(), output.data(), output.size(), MSG_NOSIGNAL);
    if (wrote < 0 && errno != EAGAIN && errno != EINTR) {
      return Lost(conn.id, connection, TransportEnd::kWriteError, "");
    }
    if (wrote > 0) conn.http.Consumed(static_cast<size_t>(wrote));
    connection.blocked = wrote < 0 || static_cast<size_t>(wrote) < output.size();
  }
  if (conn.http.ShouldClose() && conn.http.Output().empty()) {
    return Lost(conn.id, connection, TransportEnd::kClosedByUs, "");
  }
  connection.paused = conn.peer_done || !conn.http.WantsBytes();
  monitor_.Touch(conn, now.mono);
  Watch(conn.id, connection);
}

void EventLoop::ReplyToMonitor(const Effect& effect, Now now) {
  MonitorPort::Conn* conn = monitor_.Find(effect.ticket);
  if (conn == nullptr) return;  // The asker has gone.
  Connection& connection = *connections_.Find(conn->id);
  conn->http.Respond(now.wall, {.first = effect.first,
                                .last = effect.last,
                                .status = effect.status,
                                .content_type = effect.content_type,
                                .text = outbox_.Text(effect)});
  if (effect.last) monitor_.Answered(*conn);
  ServeMonitor(*conn, connection, now);
}

}  // namespace dunlin::host
