// One client connection: what the engine knows of it. Data; ClientHub has the behaviour.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/ids.h"
#include "engine/base/ref_table.h"
#include "engine/base/time.h"
#include "engine/base/timer_wheel.h"
#include "engine/monitor/close_reason.h"
#include "engine/session/outbound.h"
#include "engine/wire/client_line.h"
#include "engine/wire/connect.h"

namespace dunlin::session {

using monitor::CloseReason;

// Bytes of a connection that could not be handled when they came: the start of a frame, or what was
// left when parsing stopped for a while.
struct Inbox {
  Block* block = nullptr;  // Null: nothing kept.
  uint32_t begin = 0;      // Unparsed bytes are [begin, end) of the block.
  uint32_t end = 0;
  uint32_t frame = 0;  // Size of the frame at 'begin' if it is known and large: it is gathered here
                       // instead of in front of the next read. Else 0.
  bool line_seen = false;  // The control line of that frame has been checked and traced already.

  size_t size() const { return end - begin; }
};

enum class ClientPhase : uint8_t {
  kOpen,
  kClosing,  // Nothing more is taken from or queued for it; what was queued may still be written
             // ('flushing'), and its subscriptions may still be going.
  kGone,     // The transport is closed too.
};

// Why a connection is not parsed although there may be bytes.
enum class Hold : uint8_t {
  kNone,
  kYield,     // Others first: goes on at the next step.
  kStalled,   // A consumer has to catch up first; ends with it, or by 'wait_timer'.
  kFanout,    // Its last message is still being delivered, in slices.
  kChecking,  // Its password is being compared with a hash; 'wait_timer' runs.
  kLeaving,   // A second CONNECT takes its subscriptions away, in slices.
};

struct Client {
  Client(ConnId id, BlockPool* pool) : conn(id), out(pool) {}

  const ConnId conn;
  uint64_t cid = 0;
  ClientPhase phase = ClientPhase::kOpen;
  Hold hold = Hold::kNone;
  uint32_t hold_at = 0;  // Where in the hub's list of those who yield, or stall.

  // What delivery looks at comes first.
  bool echo = true;
  bool headers = false;  // Both sides speak headers.
  bool blocked = false;  // The transport took less than it was given.
  bool dirty = false;    // In the list of connections to be written at the end of the step.
  bool slow = false;     // Pending bytes are beyond three quarters of max_pending.
  bool awaiting_connect = false;  // Authentication is required, and there was no CONNECT.
  bool connect_received = false;
  bool first_pong_sent = false;
  bool reads_paused = false;
  bool slow_consumer_state = false;  // A write deadline has passed and write_timeout says to retry.
  bool stall_spent = false;  // It has waited its time for what it sent last; see Hold::kStalled.
  bool transport_gone = false;
  bool ended = false;       // Sends no more; closed once what it has sent is dealt with.
  bool flushing = false;    // Closing, and the transport is yet to take the last output.
  bool subs_going = false;  // In the hub's list of connections whose subscriptions are removed.

  Outbound out;
  int64_t write_goal = 0;  // 'written' when what was pending at the start of the deadline is out.
  int64_t written = 0;
  int64_t deadline_written = 0;  // 'written' before the write that the deadline is for.

  Inbox in;
  RefTable sids;

  int64_t in_msgs = 0, in_bytes = 0, out_msgs = 0, out_bytes = 0, stalls = 0;
  int pings_out = 0;
  Duration rtt;  // 0: unknown.
  Instant rtt_start;
  Instant started, last_in, last_activity;  // last_in: data or PING; puts off our PING.
  WallTime started_wall, last_activity_wall;

  Timer ping_timer, write_timer;
  Timer wait_timer;  // For CONNECT and its check, then for consumers: never both at once.

  std::string ip;
  int port = 0;
  std::string label_tail;  // What CONNECT adds to Label().
  wire::ConnectOptions options;

  // As in the log: '127.0.0.1:5000 - cid:7', and what the client says of itself.
  std::string Label() const;
};

}  // namespace dunlin::session
