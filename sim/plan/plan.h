// A plan: everything about one simulated run that is not decided by the seed's named streams. A
// seed expands into a plan; the run carries out the plan, and only that. So a run can be read,
// edited, cut down and kept as a text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "sim/link.h"

namespace dunlin::sim {

// The options of the server that plans turn; everything else is at its default.
struct ServerPlan {
  Duration ping_interval = Minutes(2);
  int64_t ping_max = 2;
  Duration write_deadline = Seconds(10);
  Duration auth_timeout = Seconds(2);
  Duration lame_duck_duration = Seconds(30);
  Duration lame_duck_grace_period = Seconds(5);
  int64_t max_payload = 1024 * 1024;
  int64_t max_pending = 64 * 1024 * 1024;
  int64_t max_control_line = 4096;
  int64_t max_connections = 64 * 1024;
  int64_t max_subscriptions = 0;  // Per connection; 0: no limit.
  bool sublist_cache = true;
  bool stall_fast_producers = true;
  bool debug_and_trace = false;
  bool password = false;         // Clients must give one ...
  bool hashed_password = false;  // ... and the server has only its hash.
};

// A client, and what it likes to do. Weights are relative to each other; 0: never.
struct ClientPlan {
  int64_t id = 0;  // Names its stream of randomness: stays when others are taken out.
  Duration start;
  bool verbose = false, pedantic = false, echo = true, headers = true, no_responders = true;
  int64_t publish = 10, request = 0, subscribe = 5, unsubscribe = 2, leave = 0, rude = 0;
  int64_t respond_percent = 0;    // Of requests that it hears.
  int64_t queue_percent = 0;      // Of subscriptions.
  int64_t wildcard_percent = 20;  // Of tokens in a pattern.
  int64_t max_percent = 20;       // Of UNSUBs that have a maximum.
  int64_t sloppy_percent = 0;     // Of operations written with odd case and white space.
  int64_t headers_percent = 20;   // Of messages.
  int64_t subs_max = 10;
  int64_t burst_max = 10;  // Operations at once.
  int64_t payload_max = 100;
  Duration pause_max = Millis(200);  // Between bursts.
};

enum class FaultKind : uint8_t {
  kReset,      // 'client': the connection is torn down; 'detail': 0 both sides learn, 1 server, 2
               // client.
  kVanish,     // 'client': its machine is gone without a word.
  kStall,      // 'client' reads nothing for 'length'.
  kPace,       // 'client' reads 'detail' bytes every 10 ms for 'length'.
  kMute,       // 'client' answers no PING for 'length'.
  kClogIn,     // Bytes from 'client' to the server wait for 'length'.
  kClogOut,    // Bytes from the server to 'client' wait.
  kStorm,      // All clients leave and come back at once.
  kPause,      // The server's process stands still for 'length'.
  kKill,       // The server's process is gone, and is back after 'length'.
  kStop,       // The server is asked to stop, and is started again after 'length'.
  kLameDuck,   // The server is asked to drain, and is started again after 'length'.
  kSkew,       // The server's clock drifts by 'detail' parts per million.
  kWallJump,   // The server's wall clock jumps by 'length', which may be negative.
  kReopenLog,  // The server is told to open its log file again.
};

struct FaultPlan {
  Duration at;  // Since the start of the run.
  FaultKind kind = FaultKind::kReset;
  int64_t client = -1;  // An id; -1: not about a client.
  Duration length;
  int64_t detail = 0;
};

struct Plan {
  uint64_t seed = 1;
  Duration length = Seconds(20);  // Of work and faults; healing and leaving come after it.
  bool jitter = true;
  int64_t check_invariants_one_in = 0;
  bool tiny_knobs = false;  // engine/base/knob.h
  // The subjects: tokens out of so many, up to so many a subject.
  int64_t tokens = 3;
  int64_t depth_max = 3;
  int64_t queues = 2;
  LinkOptions link;
  ServerPlan server;
  std::vector<ClientPlan> clients;
  std::vector<FaultPlan> faults;
};

// Decides everything from the seed alone.
[[nodiscard]] Plan ExpandPlan(uint64_t seed);

// One line an item; what has its default value is left out. ParsePlan(FormatPlan(p)) is p.
[[nodiscard]] std::string FormatPlan(const Plan& plan);

// True, or 'error' says what is wrong in which line.
[[nodiscard]] bool ParsePlan(std::string_view text, Plan* plan, std::string* error);

}  // namespace dunlin::sim
