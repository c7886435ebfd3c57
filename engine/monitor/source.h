// What the server tells monitoring: one port, implemented by the server, read only.
//
// Facts about the whole node come as one struct. Connections and subscriptions are walked by
// cursors, a few at a time, because a listing of all of them must not hold up routing: between two
// calls of one listing, connections come, go and change. So a cursor is a place in the source's own
// order (a slot number), never a pointer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/config/options.h"
#include "engine/monitor/closed_ring.h"
#include "engine/monitor/conn_info.h"
#include "engine/subject/sublist.h"

namespace dunlin::monitor {

// Counted by the kind of the connection.
struct CountByKind {
  uint64_t clients = 0, routes = 0, gateways = 0, leafs = 0;
};

struct Traffic {
  int64_t msgs = 0, bytes = 0;
};

// One account, for /accountz and /accstatz.
struct AccountFacts {
  std::string_view name;
  bool is_system = false;
  WallTime updated;
  int connections = 0;
  int total_connections = 0;  // In the whole cluster.
  int leafnodes = 0;
  subject::SublistStats subs;
  Traffic sent, received;
  int64_t slow_consumers = 0;
};

// The whole node. Views live until the source's next change.
struct ServerFacts {
  const config::Options* options = nullptr;

  std::string_view server_id;
  std::string_view server_name;
  std::string_view version;     // '2.14.5': of the reference that clients shall believe to talk to.
  std::string_view git_commit;  // May be empty.
  std::string_view go_version;  // As INFO's 'go'.
  int proto = 1;
  std::string_view ip;    // As INFO's 'ip', mostly empty.
  std::string_view host;  // What clients are told, if that is not options->host: client_advertise.
  int port = 0;           // Where clients connect: options->port, or what the system chose for -1.
  int http_port = 0;      // options->http_port, likewise.
  bool auth_required = false;
  std::vector<std::string> connect_urls;
  std::string_view system_account;  // Empty: there is none.
  bool accepts_clients = true;      // The client listener is up, or none is wanted.

  Now now;
  WallTime start;
  Duration uptime;
  WallTime config_load_time;

  // Of the process.
  int64_t mem = 0;
  int cores = 1;
  int max_procs = 1;
  int64_t memory_limit_bytes = 0;  // 0: none.
  double cpu = 0;

  int connections = 0;
  uint64_t total_connections = 0;
  Traffic in, in_client, out, out_client;
  int64_t slow_consumers = 0;
  int64_t stale_connections = 0;
  int64_t stalled_clients = 0;
  CountByKind slow_consumer_stats;
  CountByKind stale_connection_stats;

  std::vector<AccountFacts> accounts;  // By name. At least the global one.
};

class Source {
 public:
  virtual ~Source() = default;

  [[nodiscard]] virtual ServerFacts Facts() const = 0;

  // Fills in the first open connection at or after place '*position' in the source's order and
  // moves
  // '*position' past it. False: there is none left. A connection keeps its place as long as it
  // lives. Constant time, give or take a few free places; the caller's work is sliced, this is not.
  [[nodiscard]] virtual bool NextConn(uint64_t* position, ConnInfo* info) const = 0;

  // The connection that is at 'position' now; false if none is.
  [[nodiscard]] virtual bool ConnAt(uint64_t position, ConnInfo* info) const = 0;

  // Fills 'page' with subscriptions of 'conn' from '*cursor' on (0: from the first), moves
  // '*cursor' and returns how many. Fewer than the page holds: these were the last.
  [[nodiscard]] virtual size_t ListSubs(const ConnInfo& conn, uint64_t* cursor,
                                        std::span<SubInfo> page) const = 0;

  [[nodiscard]] virtual const ClosedRing& Closed() const = 0;

  // /connz showed 'conn' without a round-trip time: the reference measures it with a PING at once
  // if the client named its language in CONNECT.
  virtual void WantRtt(const ConnInfo& conn) = 0;
};

}  // namespace dunlin::monitor
