// What a driver (the host, or the simulator) tells the engine. Values; views live as long as said
// below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/ids.h"

namespace dunlin {

// What a listening socket is for.
enum class ListenerKind : uint8_t { kClient, kMonitor };

// Why a transport is gone.
enum class TransportEnd : uint8_t {
  kPeerClosed,  // In both directions; see kEnded for one.
  kReadError,   // Reset by the peer, timed out, ...
  kWriteError,
  kClosedByUs,  // A kClose effect was carried out.
};

// What an operator asks of the running process (signals, or their equals).
enum class Command : uint8_t {
  kStop,       // Shut down: SIGINT, SIGTERM.
  kReopenLog,  // SIGUSR1.
  kLameDuck,   // SIGUSR2.
  kReload,     // SIGHUP.
};

// What only the process can know, shown on /varz.
struct ProcessUsage {
  int64_t resident_bytes = 0;
  double cpu_percent = 0;  // Of one core, as 'top' shows it.
  int cores = 1;
  int max_procs = 1;
  int64_t memory_limit_bytes = 0;  // 0: none.
};

struct Event {
  enum class Kind : uint8_t {
    kTick,          // Time has come; also the first event of a life: the engine boots on it.
    kListening,     // A kListen effect worked: 'listener', 'text' (address), 'port'.
    kListenFailed,  // A kListen effect failed: 'listener', 'text' (the system's words).
    kOpened,   // A connection was accepted: 'conn', 'listener', 'text' (peer address), 'port' (peer
               // port).
    kBytes,    // Bytes arrived: 'conn', 'data', 'size', 'headroom'. At most one a connection and
               // batch.
    kWritten,  // Output left: 'conn', 'size' bytes; 'blocked' if the transport takes no more for
               // now.
    kEnded,    // The peer sends no more, but may still read: 'conn'. No kBytes follow; the engine
               // answers with a kClose once the peer has what is due to it.
    kClosed,   // The transport is gone: 'conn', 'end', 'text' (the system's words, may be empty).
    kCommand,  // An operator asks: 'command'; 'text' is the signal's name, may be empty.
    kComputed,        // The answer to a kCompute effect: 'ticket', 'yes'.
    kMonitorRequest,  // An HTTP GET arrived: 'ticket', 'text' (the target: path and query),
                      // 'usage'.
    kMonitorGone,     // Whoever asked with 'ticket' has gone: no answer is wanted any more.
  };

  Kind kind = Kind::kTick;
  ConnId conn;
  // kBytes: the engine may write to 'headroom' bytes in front of 'data' (it joins a frame that was
  // cut in two there), may change the bytes, and may keep views of them until the Step() that
  // reports what was written (server.h) has returned.
  uint8_t* data = nullptr;
  size_t size = 0;
  size_t headroom = 0;
  bool blocked = false;
  bool yes = false;
  ListenerKind listener = ListenerKind::kClient;
  TransportEnd end = TransportEnd::kPeerClosed;
  Command command = Command::kStop;
  int port = 0;
  Ticket ticket;
  std::string_view text;                // Lives until Step() returns.
  const ProcessUsage* usage = nullptr;  // Likewise.
};

}  // namespace dunlin
