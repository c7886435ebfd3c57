// The simulated network: connections between client endpoints and servers, each made of two pipes.
//
// Knows both ends of every connection, but neither protocol nor engine. The server's end is driven
// by a Node through ServerSide calls, the client's end by the world's caller.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "sim/ids.h"
#include "sim/kernel.h"
#include "sim/link.h"
#include "sim/pipe.h"
#include "sim/world.h"

namespace dunlin::sim {

// Told what becomes possible at the server's end of connections. Only takes note: acts later, by
// itself.
class ServerDoor {
 public:
  virtual ~ServerDoor() = default;
  // Whether a connection may queue up now; else it is refused.
  virtual bool Accepts() const = 0;
  virtual void OnIncoming(uint32_t connection) = 0;
  virtual void OnReadable(uint32_t connection) = 0;
  virtual void OnWritable(uint32_t connection) = 0;
};

class Network {
 public:
  explicit Network(Kernel& kernel) : kernel_(kernel) {}

  // Nodes are numbered as they are added. 'door' outlives the network's last use.
  void AddDoor(ServerDoor* door) { doors_.push_back(door); }

  // ---- The client's end; see World for what each does.
  EndpointId Connect(NodeId node, const LinkOptions& link, EndpointWatcher* watcher,
                     std::string peer_address);
  void Send(EndpointId endpoint, std::string_view bytes);
  std::string_view Received(EndpointId endpoint) const;
  void Consume(EndpointId endpoint, size_t bytes);
  uint64_t received_total(EndpointId endpoint) const;
  size_t unsent(EndpointId endpoint) const;
  EndpointState state(EndpointId endpoint) const;
  int local_port(EndpointId endpoint) const;
  void FinishSending(EndpointId endpoint);
  void Close(EndpointId endpoint);
  void PaceReading(EndpointId endpoint, size_t bytes, Duration every);
  void StallReading(EndpointId endpoint, bool stalled);

  // ---- Faults.
  void Reset(EndpointId endpoint, ResetSide side);
  void Vanish(EndpointId endpoint);
  void Clog(EndpointId endpoint, Direction direction, Instant until);

  // ---- The server's end, by connection number.
  bool GoneBeforeAccept(uint32_t connection) const;  // The client left while it waited.
  void Accept(uint32_t connection);
  std::string_view peer_address(uint32_t connection) const;
  int peer_port(uint32_t connection) const;
  std::string_view Arrived(uint32_t connection) const;
  void Read(uint32_t connection, size_t size);
  bool AtEnd(uint32_t connection) const;    // End of stream, and everything before it was read.
  bool IsReset(uint32_t connection) const;  // Torn down; what has arrived may still be read.
  size_t Room(uint32_t connection) const;
  void Write(uint32_t connection, const uint8_t* data, size_t size);
  void WaitForRoom(uint32_t connection);
  // In good order if all input was read; else the client sees a reset behind the last byte, as in
  // TCP.
  void CloseAtServer(uint32_t connection);
  // Nobody will take it: the listener or the process is gone.
  void Refuse(uint32_t connection);

  // ---- Happenings.
  void OnConnect(uint32_t connection);
  void OnArrive(uint32_t connection, Direction direction);
  void OnRoom(uint32_t connection, Direction direction);
  void OnPacedRead(uint32_t connection);

 private:
  enum class ServerEnd : uint8_t { kNone, kWaiting, kTaken, kGone };

  struct Connection {
    Connection(NodeId at, LinkOptions options, EndpointWatcher* who, std::string address, int port,
               Pipe::Options in, Pipe::Options out, const Rng& rng);

    const NodeId node;
    const LinkOptions link;
    EndpointWatcher* const watcher;
    const std::string peer_address;
    const int port;
    Pipe to_server, to_client;
    Instant clogged_until[2];

    // The client's end.
    EndpointState state = EndpointState::kConnecting;
    ByteQueue unsent;  // Of the program, which never blocks.
    ByteQueue received;
    uint64_t received_total = 0;
    bool finishing = false;  // End of stream behind 'unsent'.
    bool stalled = false;
    bool paced_read_due = false;
    size_t pace_bytes = 0;
    Duration pace_every;

    // The server's end.
    ServerEnd server_end = ServerEnd::kNone;
    bool reset_at_server = false;
    bool reset_behind_last_byte = false;  // What the client sees at the end of its stream.
  };

  Connection& At(EndpointId endpoint) { return connections_[endpoint.value]; }
  const Connection& At(EndpointId endpoint) const { return connections_[endpoint.value]; }
  void Schedule(uint32_t connection, Direction direction);
  void PushUnsent(uint32_t connection);
  void ReadAtClient(uint32_t connection);
  void EndClient(uint32_t connection, EndpointState state);
  void ResetServer(uint32_t connection);

  Kernel& kernel_;
  std::vector<ServerDoor*> doors_;
  std::deque<Connection> connections_;  // Stable addresses: views of peer addresses are handed out.
  std::vector<Instant> arrivals_;       // Scratch.
};

}  // namespace dunlin::sim
