// All client connections of a node, and the way of a message from one to the others.
//
// One machine for the lot, not one a connection, because a message touches two of them and nothing
// may call back: parse, match, append to the subscribers' queues, in one go. The server calls
// Begin() before and End() after the events of a step; effects go to the outbox given to Begin().
//
// Work is bounded per step: parsing stops when what was delivered reaches a budget, a very wide
// fan-out is delivered in slices, and a connection that leaves gives back its subscriptions in
// slices. What is put off goes on with Continue(), while HasWork().
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/account/account.h"
#include "engine/base/rng.h"
#include "engine/base/timer_wheel.h"
#include "engine/config/options.h"
#include "engine/monitor/closed_ring.h"
#include "engine/server/event.h"
#include "engine/server/outbox.h"
#include "engine/session/client.h"
#include "engine/session/password_checks.h"
#include "engine/session/subscriptions.h"
#include "engine/wire/info.h"

namespace dunlin::session {

// A message on its way. Views live until the publisher's frame is done.
struct Message {
  Message() {}  // Not cleared: it is on the path of every message.
  // All but 'tail' and 'joined'.
  void Set(const wire::PubArgs& args, const uint8_t* bytes, Block* in) {
    subject = args.subject;
    reply = args.reply;
    header_text = args.header_text;
    size_text = args.size_text;
    header_size = args.header_size;
    size = args.size;
    body = bytes;
    block = in;
  }
  std::string_view subject, reply;
  std::string_view header_text, size_text;  // The publisher's own digits.
  int32_t header_size;                      // -1: no header block.
  int32_t size;                             // Header and payload.
  const uint8_t* body;                      // size bytes and CR LF.
  std::string_view tail;                    // '[reply ][header ]size' CR LF as it goes out.
  Block* block;                             // What 'body' lies in, or null: the driver's memory.
  bool joined;                              // 'body' comes right behind 'tail'.
};

class ClientHub {
 public:
  // Each limits what one step does; see the file comment.
  static constexpr int64_t kDeliveriesPerStep = 16 << 10;
  static constexpr int64_t kBytesPerStep = 4 << 20;
  static constexpr int64_t kSubscriptionCost = 32;  // A SUB or UNSUB, in deliveries.
  static constexpr size_t kFanoutSlice = 4 << 10;   // Wider messages are delivered in slices.
  static constexpr size_t kRemovalsPerStep = 512;   // Subscriptions of connections that are gone.
  // A frame up to this size is put together in front of the next read; a larger one in a block.
  static constexpr size_t kGatherMax = 16 << 10;
  // Unparsed bytes of one connection at which its reads are paused.
  static constexpr size_t kBacklogMax = 128 << 10;
  // From this size on a payload is shared, not copied.
  static constexpr int32_t kShareMin = 1 << 10;
  // How long a producer waits for the consumers that it fills, at most, before they may be cut off.
  static constexpr Duration kStallMax = Millis(10);

  struct Stats {
    account::Traffic in, out;
    int64_t slow_consumers = 0;
    int64_t stale_connections = 0;
    int64_t stalled_clients = 0;
    uint64_t total_connections = 0;
  };

  ClientHub(const config::Options& options, Rng rng, Instant start);
  ~ClientHub();

  void Begin(Now now, Outbox* out);
  void Opened(ConnId conn, std::string_view ip, int port);
  void Bytes(const Event& event);
  void Written(ConnId conn, size_t size, bool blocked);
  void Ended(ConnId conn);
  void Computed(Ticket ticket, bool yes);
  void Closed(ConnId conn, TransportEnd end, std::string_view why);
  // The driver's memory of earlier kBytes events goes away: see server.h.
  void Settle() { pool_.Settle(); }
  void FireTimers();
  void Continue();
  void End();

  bool HasWork() const { return !yielded_.empty() || !fanouts_.empty() || !leaving_.empty(); }
  Instant NextDeadline() const { return timers_.NextDeadline(); }

  size_t Headroom(ConnId conn) const;
  size_t GatherOutput(ConnId conn, std::span<IoSlice> slices) const;

  // Sends INFO to those who understand an asynchronous one.
  void SendInfoToAll();
  // Open connections in the order of their client ids.
  std::vector<Client*> OpenClients() const;
  // 'refused': bytes at the end of its output that were one message too many for max_pending.
  void Close(Client* client, CloseReason reason, int64_t refused = 0);
  // Closes everyone, and waits for nobody: the process is about to end.
  void CloseAll(CloseReason reason);
  void CloseById(ConnId conn, CloseReason reason) {
    if (Client* const client = Find(conn)) Close(client, reason);
  }

  size_t open_count() const { return open_count_; }
  const Stats& stats() const { return stats_; }
  account::Account& global_account() { return account_; }
  const account::Account& global_account() const { return account_; }
  const monitor::ClosedRing& closed() const { return closed_; }
  wire::Info& info() { return info_; }
  // By slot; null where there is none.
  const std::vector<std::unique_ptr<Client>>& by_slot() const { return by_slot_; }
  const SubscriptionTable& subscriptions() const { return subs_; }
  void FillConnInfo(const Client& client, monitor::ConnInfo* info) const;
  void FillSubInfo(subject::SubRef ref, monitor::SubInfo* info) const;
  void SendRttPing(Client* client);

  void CheckInvariants() const;
  std::string Describe() const;

 private:
  enum class TimerKind : uint8_t { kPing, kAuth, kWrite, kStall };
  // Where bytes being parsed lie.
  struct Source {
    const uint8_t* data;
    size_t size;
    Block* block;  // Null: the driver's memory.
  };
  // The last PUB of a run over one stretch of bytes. Publishers repeat themselves: when the next
  // line is the same, byte for byte, nothing of it is read again.
  struct LastPub {
    const uint8_t* line = nullptr;  // Null: none.
    size_t line_size = 0;
    Message message;
    bool tail_in_line = false;
  };

  // A message to more subscribers than one step may serve, with a copy of what it needs.
  struct Fanout {
    Client* from = nullptr;  // Held until it is done; null once it has gone.
    Message message;
    subject::ResultHold result;
    size_t plain_done = 0;
    size_t groups_done = 0;
    bool delivered = false;
    std::string texts;       // What the message's views point to.
    Block* block = nullptr;  // Its payload.
  };

  Client* Find(ConnId conn) const;

  // client_input.cc
  void KeepMore(Client* client, const uint8_t* data, size_t size);
  void KeepRest(Client* client, const Source& source, size_t from);
  size_t FillFrame(Client* client, const uint8_t* data, size_t size);
  void ParseKept(Client* client);
  size_t ParseAll(Client* client, const Source& source);
  size_t ParseOne(Client* client, const Source& source, size_t at, LastPub* last);
  size_t RepeatPub(Client* client, const Source& source, size_t at, LastPub* last);
  size_t PlainPub(Client* client, const Source& source, size_t at, LastPub* last);
  bool ReadPubArgs(Client* client, const wire::ClientLine& line, wire::PubArgs* args);
  size_t ParsePub(Client* client, const Source& source, size_t at, const wire::ClientLine& line,
                  LastPub* last);
  std::string_view TailOf(const wire::PubArgs& args, std::string_view line);
  // The byte at 'at' makes no sense; 'state' is the reference's number for where a parser then is.
  void UnknownProtocol(Client* client, const Source& source, size_t at, int state);
  void ProtocolError(Client* client, std::string_view what);
  bool MayParse(const Client& client) const {
    return client.phase == ClientPhase::kOpen && client.hold == Hold::kNone;
  }

  // client_verbs.cc
  void HandleLine(Client* client, const wire::ClientLine& line);
  void HandleConnect(Client* client, std::string_view json);
  void FinishConnect(Client* client, bool first);
  void HandleSub(Client* client, std::string_view args);
  void HandleUnsub(Client* client, std::string_view args);
  void HandlePing(Client* client);
  void HandlePong(Client* client);
  void Unsubscribe(subject::SubRef ref);

  // client_auth.cc
  enum class Login : uint8_t { kGranted, kRefused, kSlowToTell };
  std::pair<std::string_view, std::string_view> SecretsOf(const Client& client) const;
  Login Authenticate(const Client& client) const;
  void AuthViolation(Client* client);
  void StartCheck(Client* client, bool first_connect);
  void AskForChecks();

  // router.cc
  void Publish(Client* from, const Message& message);
  bool Deliver(Client* from, subject::SubRef ref, const Message& message);
  void Encode(Client* to, const Subscription& sub, const Message& message);
  bool DeliverToGroup(Client* from, const subject::QueueGroup& group, const Message& message);
  void AnswerNoResponders(Client* from, const Message& message);
  void FlushAutoUnsubs();
  void StartFanout(Client* from, const Message& message, const subject::MatchResult& result);
  void ContinueFanouts();
  void HoldProducer(Client* from, const Client& consumer);
  void ForgetPublisher(const Client* client);

  // client_hub.cc
  void Send(Client* client, std::string_view text);
  void SendError(Client* client, std::string_view text);
  void SendOk(Client* client);
  void SendInfo(Client* client, bool connect_info);
  void SendPing(Client* client);
  void Touch(Client* client) {
    if (!client->dirty) {
      client->dirty = true;
      dirty_.push_back(client);
    }
  }
  // Checks the limits on a queue that has grown by 'size' bytes.
  void AfterAppend(Client* client, int64_t size) {
    Touch(client);
    if (client->out.pending() > slow_at_) QueueGrew(client, size);
  }
  void QueueGrew(Client* client, int64_t size);
  void ArmWriteDeadline(Client* client, size_t written_at_once);
  void FinishFlushing(Client* client);
  void CountSlowConsumer(Client* client);
  void HoldClient(Client* client, Hold hold);
  void AddYielded(Client* client);
  void Unlist(Client* client);
  void Resume(Client* client);
  void ResumeStalled();
  void SetReadsPaused(Client* client, bool paused);
  void StartLeaving(Client* client);
  void ContinueLeaving();
  void ArmFirstPing(Client* client);
  void OnPingTimer(Client* client);
  void OnWriteDeadline(Client* client);
  void OnAuthTimer(Client* client);
  void Log(LogLevel level, const Client& client, std::string_view text);
  void LogOncePerSecond(LogLevel level, const Client& client, std::string_view text);
  bool debug() const { return options_.debug; }
  bool trace() const { return options_.trace; }
  void TraceIn(const Client& client, std::string_view verb, std::string_view args);
  void TraceOut(const Client& client, std::string_view verb, std::string_view args);
  void TracePayload(const Client& client, const char* direction, const uint8_t* body, int32_t size,
                    int32_t header_size);
  void RecordClosed(const Client& client, CloseReason reason, int64_t refused);

  const config::Options& options_;
  const int64_t slow_at_;  // Three quarters of max_pending.
  Rng rng_;
  Now now_;
  Outbox* out_ = nullptr;

  BlockPool pool_;
  TimerWheel timers_;
  account::Account account_;
  SubscriptionTable subs_;
  monitor::ClosedRing closed_;
  wire::Info info_;
  PasswordChecks checks_;
  Stats stats_;

  std::vector<std::unique_ptr<Client>> by_slot_;
  size_t open_count_ = 0;
  uint64_t last_cid_;

  int64_t deliveries_left_ = 0, bytes_left_ = 0;  // Of this step's budget.
  Block* shared_ =
      nullptr;  // What the payload that is being delivered lies in, once that is needed.
  // Of the frame at which ParseAll() stopped: how many bytes of it matter, and its size if known,
  // else 0.
  size_t rest_ = 0, frame_ = 0;
  size_t read_at_ = 0;  // Where in the source the bytes of this event begin, behind what was kept.
  std::vector<Client*> dirty_;
  // hold == kYield, in the order in which they go on; null: no more. Taken as a whole every step.
  std::vector<Client*> yielded_;
  std::vector<Client*> stalled_;  // hold == kStalled, in no order.
  std::deque<Client*> leaving_;   // Their subscriptions are being removed.
  size_t leaving_cursor_ = 0;     // In the sid table of the first of them.
  std::vector<std::unique_ptr<Client>>
      departed_;  // Their transports are gone, and their slots free.
  std::deque<std::unique_ptr<Fanout>> fanouts_;
  bool routing_ = false;  // A match result is being walked: no subscription may go.
  std::vector<subject::SubRef> auto_unsubs_;  // Reached their max while a result was walked.
  std::string scratch_;
  std::string tail_;  // A message's tail when the publisher's own bytes will not do.

  struct Logged {
    std::string text;
    Instant at;
  };
  std::deque<Logged> logged_;  // What was logged within the last second, see LogOncePerSecond().
};

}  // namespace dunlin::session
