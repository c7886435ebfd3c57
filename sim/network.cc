#include "sim/network.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace dunlin::sim {
namespace {

constexpr int kFirstClientPort = 20'000;
constexpr int kClientPorts = 40'000;

Pipe::Options PipeOptions(const LinkOptions& link, size_t bytes_max) {
  return {.bytes_max = bytes_max,
          .latency_min = link.latency_min,
          .latency_max = link.latency_max,
          .chop = link.chop};
}

bool IsOver(EndpointState state) {
  return state != EndpointState::kConnecting && state != EndpointState::kOpen;
}

}  // namespace

Network::Connection::Connection(NodeId at, LinkOptions options, EndpointWatcher* who,
                                std::string address, int port_number, Pipe::Options in,
                                Pipe::Options out, const Rng& rng)
    : node(at),
      link(options),
      watcher(who),
      peer_address(std::move(address)),
      port(port_number),
      to_server(in, rng.Fork("to-server")),
      to_client(out, rng.Fork("to-client")) {}

// ---- The client's end.

EndpointId Network::Connect(NodeId node, const LinkOptions& link, EndpointWatcher* watcher,
                            std::string peer_address) {
  CHECK(node.value < doors_.size());
  const auto index = static_cast<uint32_t>(connections_.size());
  Rng rng = kernel_.root.Fork("net", index);
  const int port = kFirstClientPort + static_cast<int>(index % kClientPorts);
  connections_.emplace_back(node, link, watcher, std::move(peer_address), port,
                            PipeOptions(link, link.to_server_bytes_max),
                            PipeOptions(link, link.to_client_bytes_max), rng);
  Duration delay = link.latency_max * 2;
  if (link.accept_delay_max.ns > 0)
    delay = delay + Duration{rng.Between(0, link.accept_delay_max.ns)};
  kernel_.trace.Add(kernel_.now, TraceKind::kConnect, index, node.value, 0);
  kernel_.queue.Add(kernel_.now + delay, HappeningKind::kConnect, index);
  return {index};
}

void Network::OnConnect(uint32_t connection) {
  Connection& c = connections_[connection];
  if (c.state != EndpointState::kConnecting) return;
  ServerDoor* door = doors_[c.node.value];
  if (!door->Accepts()) {
    EndClient(connection, EndpointState::kRefused);
    return;
  }
  c.state = EndpointState::kOpen;  // The system completes the handshake before the program accepts.
  c.server_end = ServerEnd::kWaiting;
  door->OnIncoming(connection);
  if (c.watcher != nullptr) c.watcher->OnOpened({connection});
  PushUnsent(connection);
}

void Network::Send(EndpointId endpoint, std::string_view bytes) {
  Connection& c = At(endpoint);
  if (IsOver(c.state) || c.finishing || bytes.empty()) return;
  kernel_.trace.Add(kernel_.now, TraceKind::kClientSend, endpoint.value, 0, 0, bytes);
  c.unsent.Append(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  PushUnsent(endpoint.value);
}

std::string_view Network::Received(EndpointId endpoint) const {
  return At(endpoint).received.view();
}

void Network::Consume(EndpointId endpoint, size_t bytes) {
  Connection& c = At(endpoint);
  CHECK(bytes <= c.received.size());
  c.received.Drop(bytes);
}

uint64_t Network::received_total(EndpointId endpoint) const { return At(endpoint).received_total; }

size_t Network::unsent(EndpointId endpoint) const { return At(endpoint).unsent.size(); }

EndpointState Network::state(EndpointId endpoint) const { return At(endpoint).state; }

int Network::local_port(EndpointId endpoint) const { return At(endpoint).port; }

void Network::FinishSending(EndpointId endpoint) {
  Connection& c = At(endpoint);
  if (IsOver(c.state)) return;
  c.finishing = true;
  PushUnsent(endpoint.value);
}

void Network::Close(EndpointId endpoint) {
  Connection& c = At(endpoint);
  if (IsOver(c.state)) return;
  if (c.state == EndpointState::kConnecting) {
    EndClient(endpoint.value, EndpointState::kClosed);
    return;
  }
  c.finishing = true;
  PushUnsent(endpoint.value);
  kernel_.trace.Add(kernel_.now, TraceKind::kClientEnd, endpoint.value,
                    static_cast<uint64_t>(EndpointState::kClosed), 0);
  c.state = EndpointState::kClosed;
  c.received.Clear();
  // A server that waited for room learns from what it writes next that nobody reads.
  if (c.to_client.Read(c.to_client.Arrived().size())) {
    c.to_client.writer_waits = false;
    kernel_.queue.Add(kernel_.now + c.link.latency_min, HappeningKind::kRoom, endpoint.value,
                      static_cast<uint64_t>(Direction::kToClient));
  }
}

void Network::PaceReading(EndpointId endpoint, size_t bytes, Duration every) {
  Connection& c = At(endpoint);
  c.pace_bytes = bytes;
  c.pace_every = every;
  if (bytes == 0 && !c.stalled) ReadAtClient(endpoint.value);
}

void Network::StallReading(EndpointId endpoint, bool stalled) {
  At(endpoint).stalled = stalled;
  if (!stalled) ReadAtClient(endpoint.value);
}

// Hands the program's bytes to the socket, as many as it takes.
void Network::PushUnsent(uint32_t connection) {
  Connection& c = connections_[connection];
  if (c.state == EndpointState::kConnecting || c.to_server.finished()) return;
  const size_t size = std::min(c.unsent.size(), c.to_server.Room());
  arrivals_.clear();
  if (size > 0) {
    c.to_server.Write(kernel_.now, c.unsent.data(), size, &arrivals_);
    c.unsent.Drop(size);
  }
  if (c.unsent.size() > 0) c.to_server.writer_waits = true;
  if (c.finishing && c.unsent.size() == 0) c.to_server.Finish(kernel_.now, &arrivals_);
  Schedule(connection, Direction::kToServer);
}

void Network::ReadAtClient(uint32_t connection) {
  Connection& c = connections_[connection];
  if (c.stalled || c.state != EndpointState::kOpen) return;
  const std::string_view arrived = c.to_client.Arrived();
  size_t size = arrived.size();
  if (c.pace_bytes > 0) {
    if (c.paced_read_due) return;
    size = std::min(size, c.pace_bytes);
    if (size > 0) {
      c.paced_read_due = true;
      kernel_.queue.AddTimer(kernel_.now + c.pace_every, HappeningKind::kPacedRead, connection);
    }
  }
  if (size > 0) {
    kernel_.trace.Add(kernel_.now, TraceKind::kClientReceive, connection, 0, 0,
                      arrived.substr(0, size));
    c.received.Append(reinterpret_cast<const uint8_t*>(arrived.data()), size);
    c.received_total += size;
    if (c.to_client.Read(size)) {
      c.to_client.writer_waits = false;
      kernel_.queue.Add(kernel_.now + c.link.latency_min, HappeningKind::kRoom, connection,
                        static_cast<uint64_t>(Direction::kToClient));
    }
    if (c.watcher != nullptr) c.watcher->OnReceived({connection});
  }
  if (c.state == EndpointState::kOpen && c.to_client.AtEnd()) {
    EndClient(connection,
              c.reset_behind_last_byte ? EndpointState::kReset : EndpointState::kFinished);
  }
}

void Network::EndClient(uint32_t connection, EndpointState state) {
  Connection& c = connections_[connection];
  if (IsOver(c.state)) return;
  kernel_.trace.Add(kernel_.now, TraceKind::kClientEnd, connection, static_cast<uint64_t>(state),
                    0);
  c.state = state;
  c.unsent.Clear();
  if (c.watcher != nullptr && state != EndpointState::kClosed) c.watcher->OnEnded({connection});
}

// ---- Faults.

void Network::Reset(EndpointId endpoint, ResetSide side) {
  Connection& c = At(endpoint);
  kernel_.trace.Add(kernel_.now, TraceKind::kFault, endpoint.value, 1, static_cast<uint64_t>(side));
  const bool was_connecting = c.state == EndpointState::kConnecting;
  c.to_server.Cut();
  c.to_client.Cut();
  if (side != ResetSide::kClientOnly) ResetServer(endpoint.value);
  if (side != ResetSide::kServerOnly || was_connecting) {
    EndClient(endpoint.value, EndpointState::kReset);
  }
}

void Network::Vanish(EndpointId endpoint) {
  Connection& c = At(endpoint);
  kernel_.trace.Add(kernel_.now, TraceKind::kFault, endpoint.value, 2, 0);
  c.to_server.Cut();
  c.to_client.Cut();
  if (!IsOver(c.state)) c.state = EndpointState::kClosed;
  c.unsent.Clear();
}

void Network::Clog(EndpointId endpoint, Direction direction, Instant until) {
  kernel_.trace.Add(kernel_.now, TraceKind::kFault, endpoint.value, 3,
                    static_cast<uint64_t>(until.ns));
  Instant& clogged = At(endpoint).clogged_until[static_cast<size_t>(direction)];
  clogged = std::max(clogged, until);
}

void Network::ResetServer(uint32_t connection) {
  Connection& c = connections_[connection];
  if (c.server_end == ServerEnd::kNone || c.server_end == ServerEnd::kGone) return;
  c.reset_at_server = true;
  if (c.server_end == ServerEnd::kTaken) doors_[c.node.value]->OnReadable(connection);
}

// ---- The server's end.

bool Network::GoneBeforeAccept(uint32_t connection) const {
  return connections_[connection].server_end != ServerEnd::kWaiting;
}

void Network::Accept(uint32_t connection) {
  Connection& c = connections_[connection];
  CHECK(c.server_end == ServerEnd::kWaiting);
  c.server_end = ServerEnd::kTaken;
}

std::string_view Network::peer_address(uint32_t connection) const {
  return connections_[connection].peer_address;
}

int Network::peer_port(uint32_t connection) const { return connections_[connection].port; }

std::string_view Network::Arrived(uint32_t connection) const {
  return connections_[connection].to_server.Arrived();
}

void Network::Read(uint32_t connection, size_t size) {
  Connection& c = connections_[connection];
  if (!c.to_server.Read(size)) return;
  c.to_server.writer_waits = false;
  kernel_.queue.Add(kernel_.now + c.link.latency_min, HappeningKind::kRoom, connection,
                    static_cast<uint64_t>(Direction::kToServer));
}

bool Network::AtEnd(uint32_t connection) const {
  return connections_[connection].to_server.AtEnd();
}

bool Network::IsReset(uint32_t connection) const {
  return connections_[connection].reset_at_server;
}

size_t Network::Room(uint32_t connection) const {
  return connections_[connection].to_client.Room();
}

void Network::Write(uint32_t connection, const uint8_t* data, size_t size) {
  Connection& c = connections_[connection];
  arrivals_.clear();
  c.to_client.Write(kernel_.now, data, size, &arrivals_);
  Schedule(connection, Direction::kToClient);
}

void Network::WaitForRoom(uint32_t connection) {
  Connection& c = connections_[connection];
  c.to_client.writer_waits = true;
}

void Network::CloseAtServer(uint32_t connection) {
  Connection& c = connections_[connection];
  if (c.server_end == ServerEnd::kGone) return;
  c.server_end = ServerEnd::kGone;
  c.reset_behind_last_byte = !c.to_server.Arrived().empty();
  c.to_server.Drain();
  arrivals_.clear();
  c.to_client.Finish(kernel_.now, &arrivals_);
  Schedule(connection, Direction::kToClient);
}

void Network::Refuse(uint32_t connection) {
  Connection& c = connections_[connection];
  c.server_end = ServerEnd::kGone;
  c.to_server.Drain();
  EndClient(connection, EndpointState::kReset);
}

// ---- Happenings.

void Network::Schedule(uint32_t connection, Direction direction) {
  for (const Instant at : arrivals_) {
    kernel_.queue.Add(at, HappeningKind::kArrive, connection, static_cast<uint64_t>(direction));
  }
  arrivals_.clear();
}

void Network::OnArrive(uint32_t connection, Direction direction) {
  Connection& c = connections_[connection];
  const Instant clogged = c.clogged_until[static_cast<size_t>(direction)];
  if (kernel_.now < clogged) {
    kernel_.queue.AddTimer(clogged, HappeningKind::kArrive, connection,
                           static_cast<uint64_t>(direction));
    return;
  }
  Pipe& pipe = direction == Direction::kToServer ? c.to_server : c.to_client;
  if (!pipe.in_flight()) return;  // Lost on the way.
  pipe.Arrive();
  if (direction == Direction::kToServer) {
    if (c.server_end == ServerEnd::kTaken) doors_[c.node.value]->OnReadable(connection);
    return;
  }
  if (c.state == EndpointState::kClosed) {
    // Nobody reads: the client's system answers with a reset.
    if (!pipe.Arrived().empty()) ResetServer(connection);
    (void)pipe.Read(pipe.Arrived().size());
    return;
  }
  ReadAtClient(connection);
}

void Network::OnRoom(uint32_t connection, Direction direction) {
  Connection& c = connections_[connection];
  if (direction == Direction::kToServer) {
    PushUnsent(connection);
  } else if (c.server_end == ServerEnd::kTaken) {
    doors_[c.node.value]->OnWritable(connection);
  }
}

void Network::OnPacedRead(uint32_t connection) {
  Connection& c = connections_[connection];
  c.paced_read_due = false;
  ReadAtClient(connection);
}

}  // namespace dunlin::sim
