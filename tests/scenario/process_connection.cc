// The process target's connections.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tests/scenario/process_target.h"
#include "tests/scenario/socket_queue.h"

namespace dunlin::scenario {
namespace {

constexpr Duration kClosePatience = Seconds(5);

}  // namespace

ConnectionId ProcessTarget::Open(const std::string& server, Port port, int receive_buffer,
                                 std::string* problem) {
  const auto to = PortOf(server, port);
  if (!to) {
    *problem = port == Port::kMonitor ? "server " + server + " has no monitoring port ('server " +
                                            server + " monitor')"
                                      : "server " + server + " has no client port";
    return -1;
  }
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(*to));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    *problem = strerror(errno);
    close(fd);
    return -1;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  auto connection = std::make_unique<Connection>();
  connection->fd = fd;
  connection->local_port = ntohs(address.sin_port);
  connection->remote_port = *to;
  connections_.push_back(std::move(connection));
  return static_cast<ConnectionId>(connections_.size()) - 1;
}

void ProcessTarget::Send(ConnectionId id, std::string_view bytes) {
  Connection& connection = *connections_[static_cast<size_t>(id)];
  if (connection.fd < 0) return;
  connection.out += bytes;
  Transmit(connection);
}

void ProcessTarget::Transmit(Connection& connection) {
  size_t sent = 0;
  while (sent < connection.out.size()) {
    const ssize_t size = send(connection.fd, connection.out.data() + sent,
                              connection.out.size() - sent, MSG_NOSIGNAL);
    if (size < 0 && errno == EAGAIN) break;
    if (size < 0) {  // The end is found when reading.
      connection.out.clear();
      return;
    }
    sent += static_cast<size_t>(size);
  }
  connection.out.erase(0, sent);
  if (connection.out.empty() && connection.shut_when_sent) shutdown(connection.fd, SHUT_WR);
}

void ProcessTarget::Receive(Connection& connection) {
  static constexpr size_t kBytesAtOnceMax = 4 * 1024 * 1024;
  char piece[65536];
  for (size_t total = 0; total < kBytesAtOnceMax;) {
    const ssize_t size = recv(connection.fd, piece, sizeof piece, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      End(connection, size == 0 ? ConnectionState::kFinished : ConnectionState::kReset);
      return;
    }
    connection.in.append(piece, static_cast<size_t>(size));
    total += static_cast<size_t>(size);
  }
}

// The socket stays, so that what was received can be looked at; nothing more comes.
void ProcessTarget::End(Connection& connection, ConnectionState state) {
  connection.state = state;
  connection.out.clear();
}

std::string ProcessTarget::Flush(ConnectionId id, Instant deadline) {
  Connection& connection = *connections_[static_cast<size_t>(id)];
  for (int round = 0;; round++) {
    if (connection.state != ConnectionState::kOpen) return "";
    if (connection.out.empty()) {
      const auto unread = UnreadBytes(connection.remote_port, connection.local_port);
      if (!unread || *unread == 0) return "";
    }
    if (Now() >= deadline) return "the server does not read what was sent to it";
    // Nothing tells when a peer has read: look again, first at once, then every so often.
    static constexpr int kRoundsAtOnce = 50;
    if (round < kRoundsAtOnce) {
      sched_yield();
    } else {
      Progress(std::min(deadline, Now() + Micros(200)));
    }
  }
}

std::string_view ProcessTarget::Received(ConnectionId id) {
  const Connection& connection = *connections_[static_cast<size_t>(id)];
  return std::string_view(connection.in).substr(connection.consumed);
}

void ProcessTarget::Consume(ConnectionId id, size_t bytes) {
  Connection& connection = *connections_[static_cast<size_t>(id)];
  connection.consumed += bytes;
  if (connection.consumed == connection.in.size()) {
    connection.in.clear();
    connection.consumed = 0;
  } else if (connection.consumed > 1024 * 1024) {
    connection.in.erase(0, connection.consumed);
    connection.consumed = 0;
  }
}

ConnectionState ProcessTarget::State(ConnectionId id) {
  return connections_[static_cast<size_t>(id)]->state;
}
int ProcessTarget::LocalPort(ConnectionId id) {
  return connections_[static_cast<size_t>(id)]->local_port;
}

void ProcessTarget::Shut(ConnectionId id) {
  Connection& connection = *connections_[static_cast<size_t>(id)];
  connection.shut_when_sent = true;
  if (connection.out.empty() && connection.fd >= 0) shutdown(connection.fd, SHUT_WR);
}

void ProcessTarget::Drain(Connection& connection, Instant deadline) {
  while (!connection.out.empty() && Progress(deadline)) {
  }
}

void ProcessTarget::Close(ConnectionId id) {
  Connection& connection = *connections_[static_cast<size_t>(id)];
  if (connection.fd < 0) return;
  Drain(connection, Now() + kClosePatience);
  close(connection.fd);
  connection.fd = -1;
  if (connection.state == ConnectionState::kOpen) connection.state = ConnectionState::kClosedByUs;
}

void ProcessTarget::Reset(ConnectionId id) {
  Connection& connection = *connections_[static_cast<size_t>(id)];
  const linger at_once{1, 0};
  setsockopt(connection.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  connection.out.clear();
  Close(id);
}

void ProcessTarget::Stall(ConnectionId id) {
  connections_[static_cast<size_t>(id)]->stalled = true;
}
void ProcessTarget::Resume(ConnectionId id) {
  connections_[static_cast<size_t>(id)]->stalled = false;
}

}  // namespace dunlin::scenario
