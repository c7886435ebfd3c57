#include "engine/session/client_hub.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/knob.h"
#include "engine/base/mutant.h"
#include "engine/base/quote.h"

namespace dunlin::session {
namespace {

// The reference numbers its internal clients first; its first connection is 5.
constexpr uint64_t kCidBeforeFirst = 4;
constexpr Duration kFirstPing = Seconds(2);
constexpr Duration kRttMaxAge = Hours(1);

}  // namespace

ClientHub::ClientHub(const config::Options& options, Rng rng, Instant start)
    : options_(options),
      slow_at_(options.max_pending / 4 * 3),
      rng_(rng),
      timers_(start),
      account_(account::kGlobalAccount,
               {.cache = !options.no_sublist_cache,
                .hash_seed = rng_.Fork("subjects").Next(),
                .cache_entries_max = KNOB(subject::Sublist::Options{}.cache_entries_max, 3)}),
      closed_({.conns_max = static_cast<size_t>(std::max(options.max_closed_clients, 0))}),
      last_cid_(kCidBeforeFirst) {
  info_.headers = !options.no_header_support;
  info_.max_payload = options.max_payload;
  info_.auth_required = !options.authorization.empty() || !options.username.empty();
}

Client* ClientHub::Find(ConnId conn) const {
  if (conn.slot >= by_slot_.size()) return nullptr;
  Client* const client = by_slot_[conn.slot].get();
  return client != nullptr && client->conn == conn ? client : nullptr;
}

void ClientHub::Begin(Now now, Outbox* out) {
  now_ = now;
  out_ = out;
  deliveries_left_ = KNOB(kDeliveriesPerStep, 20);
  bytes_left_ = KNOB(kBytesPerStep, 2000);
}

void ClientHub::End() {
  for (Client* const client : dirty_) {
    client->dirty = false;
    const bool writes = client->phase == ClientPhase::kOpen || client->flushing;
    if (writes && !client->blocked && !client->out.empty()) out_->Write(client->conn);
  }
  dirty_.clear();
  std::erase_if(departed_, [](const auto& client) { return !client->subs_going; });
  out_ = nullptr;
}

// --- A connection's life

void ClientHub::Opened(ConnId conn, std::string_view ip, int port) {
  if (conn.slot >= by_slot_.size()) by_slot_.resize(conn.slot + 1);
  CHECK(by_slot_[conn.slot] == nullptr);
  by_slot_[conn.slot] = std::make_unique<Client>(conn, &pool_);
  Client* const client = by_slot_[conn.slot].get();
  client->cid = ++last_cid_;
  client->ip = ip;
  client->port = port;
  client->started = client->last_in = client->last_activity = now_.mono;
  client->started_wall = client->last_activity_wall = now_.wall;
  client->awaiting_connect = info_.auth_required;
  for (Timer* timer : {&client->ping_timer, &client->wait_timer, &client->write_timer}) {
    timer->owner = client;
  }
  client->ping_timer.kind = static_cast<uint8_t>(TimerKind::kPing);
  client->write_timer.kind = static_cast<uint8_t>(TimerKind::kWrite);
  ++stats_.total_connections;
  if (debug()) Log(LogLevel::kDebug, *client, "Client connection created");
  SendInfo(client, false);
  const bool full = options_.max_connections < 0 ||
                    (options_.max_connections > 0 &&
                     open_count_ >= static_cast<size_t>(options_.max_connections));
  ++open_count_;
  if (full) {
    SendError(client, "maximum connections exceeded");
    LogOncePerSecond(LogLevel::kError, *client, "maximum connections exceeded");
    return Close(client, CloseReason::kMaxConnectionsExceeded);
  }
  if (info_.auth_required) {
    client->wait_timer.kind = static_cast<uint8_t>(TimerKind::kAuth);
    timers_.Arm(&client->wait_timer, now_.mono + options_.auth_timeout);
  }
  timers_.Arm(&client->ping_timer, now_.mono + options_.ping_interval);
}

void ClientHub::Close(Client* client, CloseReason reason, int64_t refused) {
  if (client->phase != ClientPhase::kOpen) return;
  client->phase = ClientPhase::kClosing;
  --open_count_;
  timers_.Disarm(&client->ping_timer);
  timers_.Disarm(&client->wait_timer);
  if (debug()) {
    Log(LogLevel::kDebug, *client,
        "Client connection closed: " + std::string(monitor::CloseReasonText(reason)));
  }
  if (reason == CloseReason::kStaleConnection) ++stats_.stale_connections;
  RecordClosed(*client, reason, refused);
  switch (reason) {
    case CloseReason::kReadError:
    case CloseReason::kWriteError:
    case CloseReason::kSlowConsumerPendingBytes:
    case CloseReason::kSlowConsumerWriteDeadline: client->out.Clear(); break;
    default: break;  // The peer is to see why: what is queued is flushed.
  }
  if (client->in.block != nullptr) pool_.Unref(client->in.block);
  client->in = {};
  Unlist(client);
  if (client->hold == Hold::kFanout) ForgetPublisher(client);
  if (client->hold == Hold::kChecking) checks_.Drop(client->conn);
  client->hold = Hold::kNone;
  if (client->slow) ResumeStalled();
  if (!(MUTANT(11) && reason == CloseReason::kStaleConnection)) StartLeaving(client);
  if (client->transport_gone || client->out.empty()) return FinishFlushing(client);
  // The last words are written before the transport is closed, within the usual deadline.
  client->flushing = true;
  SetReadsPaused(client, true);
  if (!client->blocked) {
    Touch(client);
  } else if (!client->write_timer.armed()) {
    ArmWriteDeadline(client, 0);
  }
}

// Nothing is, or can be, written any more.
void ClientHub::FinishFlushing(Client* client) {
  client->flushing = false;
  timers_.Disarm(&client->write_timer);
  if (!client->transport_gone) out_->Close(client->conn);
}

void ClientHub::CloseAll(CloseReason reason) {
  for (const auto& client : by_slot_) {
    if (client == nullptr) continue;
    Close(client.get(), reason);
    if (client->flushing) FinishFlushing(client.get());
  }
}

void ClientHub::Ended(ConnId conn) {
  Client* const client = Find(conn);
  if (client == nullptr) return;
  client->ended = true;
  // What it sent before comes first.
  if (client->hold == Hold::kNone) Close(client, CloseReason::kClientClosed);
}

void ClientHub::Closed(ConnId conn, TransportEnd end, std::string_view why) {
  Client* const client = Find(conn);
  if (client == nullptr) return;
  client->transport_gone = true;
  if (client->phase == ClientPhase::kOpen) {
    switch (end) {
      case TransportEnd::kPeerClosed:
      case TransportEnd::kClosedByUs: Close(client, CloseReason::kClientClosed); break;
      case TransportEnd::kReadError: Close(client, CloseReason::kReadError); break;
      case TransportEnd::kWriteError:
        if (debug()) Log(LogLevel::kDebug, *client, "Error flushing: " + std::string(why));
        Close(client, CloseReason::kWriteError);
        break;
    }
  }
  client->phase = ClientPhase::kGone;
  client->out.Clear();
  if (client->flushing) FinishFlushing(client);
  // The driver may use the slot again at once; the client stays until its subscriptions are gone
  // too, and to the end of the step, since lists of this step may name it.
  departed_.push_back(std::move(by_slot_[conn.slot]));
}

void ClientHub::StartLeaving(Client* client) {
  if (client->subs_going || client->sids.size() == 0) return;
  client->subs_going = true;
  leaving_.push_back(client);
  if (client->phase == ClientPhase::kOpen) HoldClient(client, Hold::kLeaving);
  // Mostly there are few, and then they are gone at once; but not under a result that is being
  // walked.
  if ((!routing_ || MUTANT(19)) && leaving_.size() == 1 &&
      client->sids.size() <= KNOB(kRemovalsPerStep, 2))
    ContinueLeaving();
}

// Removes subscriptions of connections that are gone, a slice at a time. The table by sid is left
// alone until they all are, so that the cursor into it stays right.
void ClientHub::ContinueLeaving() {
  const size_t most = KNOB(kRemovalsPerStep, 2);
  size_t removed = 0;
  while (!leaving_.empty() && removed < most) {
    Client* const client = leaving_.front();
    const size_t slots = (most - removed) * 2;
    const bool more = client->sids.Visit(&leaving_cursor_, slots, [&](subject::SubRef ref) {
      account_.subs.Remove(subs_[ref].handle);
      subs_.Drop(ref);
      ++removed;
    });
    if (more && !MUTANT(20)) return;
    client->sids.Clear();
    client->subs_going = false;
    leaving_cursor_ = 0;
    leaving_.pop_front();
    if (client->hold == Hold::kLeaving) Resume(client);
  }
}

// --- Output

void ClientHub::Send(Client* client, std::string_view text) {
  if (client->phase != ClientPhase::kOpen) return;
  client->out.Append(text);
  AfterAppend(client, static_cast<int64_t>(text.size()));
}

void ClientHub::SendError(Client* client, std::string_view text) {
  if (trace()) TraceOut(*client, "-ERR", text);
  scratch_.assign("-ERR '").append(text).append("'\r\n");
  Send(client, scratch_);
}

void ClientHub::SendOk(Client* client) {
  if (trace()) TraceOut(*client, "OK", {});
  Send(client, "+OK\r\n");
}

void ClientHub::SendInfo(Client* client, bool connect_info) {
  scratch_.clear();
  wire::AppendInfo(info_,
                   {.client_id = client->cid,
                    .client_ip = client->ip,
                    .account = connect_info ? std::string_view(account_.name) : std::string_view()},
                   &scratch_);
  Send(client, scratch_);
}

void ClientHub::SendInfoToAll() {
  for (const auto& client : by_slot_) {
    if (client == nullptr || client->phase != ClientPhase::kOpen) continue;
    if (client->options.protocol >= 1 && client->first_pong_sent) SendInfo(client.get(), false);
  }
}

void ClientHub::QueueGrew(Client* client, int64_t size) {
  if (client->out.pending() <= options_.max_pending || MUTANT(6)) {
    client->slow = true;
    return;
  }
  ++stats_.slow_consumers;
  ++account_.slow_consumers;
  Log(LogLevel::kInfo, *client,
      "Slow Consumer Detected: MaxPending of " + std::to_string(options_.max_pending) +
          " Exceeded");
  Close(client, CloseReason::kSlowConsumerPendingBytes, size);
}

size_t ClientHub::GatherOutput(ConnId conn, std::span<IoSlice> slices) const {
  const Client* const client = Find(conn);
  return client == nullptr ? 0 : client->out.Gather(slices);
}

size_t ClientHub::Headroom(ConnId conn) const {
  const Client* const client = Find(conn);
  return client == nullptr || client->in.frame != 0 ? 0 : client->in.size();
}

void ClientHub::Written(ConnId conn, size_t size, bool blocked) {
  Client* const client = Find(conn);
  if (client == nullptr) return;
  // One that was closed in this very batch, behind the driver's back, may have dropped its output.
  if (client->phase != ClientPhase::kOpen)
    size = std::min(size, static_cast<size_t>(client->out.pending()));
  client->out.Consume(size);
  client->written += static_cast<int64_t>(size);
  client->blocked = blocked;
  if (client->flushing && client->out.empty()) return FinishFlushing(client);
  if (client->phase != ClientPhase::kOpen && !client->flushing) return;
  if (!blocked && !client->out.empty() && !MUTANT(18))
    Touch(client);  // More than one gather holds.
  if (client->slow && client->out.pending() <= slow_at_) {
    client->slow = false;
    ResumeStalled();
  }
  // The deadline is for what was pending when it was set, as a blocking write's would be.
  if (client->write_timer.armed() &&
      (client->out.empty() || client->written >= client->write_goal)) {
    timers_.Disarm(&client->write_timer);
    if (client->slow_consumer_state) {
      client->slow_consumer_state = false;
      Log(LogLevel::kInfo, *client, "Slow Consumer Recovered");
    }
  }
  if (blocked && !client->write_timer.armed() && !client->out.empty() && !MUTANT(13)) {
    ArmWriteDeadline(client, size);
  }
}

// What the transport has taken at once counts as written within the deadline.
void ClientHub::ArmWriteDeadline(Client* client, size_t written_at_once) {
  client->deadline_written = client->written - static_cast<int64_t>(written_at_once);
  client->write_goal = client->written + client->out.pending();
  timers_.Arm(&client->write_timer, now_.mono + options_.write_deadline);
}

// --- Holding a producer

void ClientHub::HoldClient(Client* client, Hold hold) {
  Unlist(client);
  client->hold = hold;
  if (hold == Hold::kYield) AddYielded(client);
  if (hold == Hold::kStalled) {
    client->hold_at = static_cast<uint32_t>(stalled_.size());
    stalled_.push_back(client);
    SetReadsPaused(client, true);
  }
}

void ClientHub::AddYielded(Client* client) {
  client->hold_at = static_cast<uint32_t>(yielded_.size());
  yielded_.push_back(client);
}

// Whatever list it is in, at no cost that grows with the list. One whose turn has come is in none.
void ClientHub::Unlist(Client* client) {
  const size_t at = client->hold_at;
  if (client->hold == Hold::kYield && at < yielded_.size() && yielded_[at] == client) {
    yielded_[at] = nullptr;
  }
  if (client->hold == Hold::kStalled && at < stalled_.size() && stalled_[at] == client) {
    stalled_[at] = stalled_.back();
    stalled_[at]->hold_at = client->hold_at;
    stalled_.pop_back();
  }
}

// Lets the connection be parsed again, now.
void ClientHub::Resume(Client* client) {
  client->hold = Hold::kNone;
  timers_.Disarm(&client->wait_timer);
  if (client->phase != ClientPhase::kOpen) return;
  ParseKept(client);
  if (client->hold != Hold::kNone) return;
  if (client->ended) return Close(client, CloseReason::kClientClosed);
  client->stall_spent = false;
  if (!MUTANT(10)) SetReadsPaused(client, false);
}

void ClientHub::ResumeStalled() {
  for (Client* const client : stalled_) {
    timers_.Disarm(&client->wait_timer);
    client->hold = Hold::kYield;
    AddYielded(client);
  }
  stalled_.clear();
}

void ClientHub::SetReadsPaused(Client* client, bool paused) {
  if (client->reads_paused == paused) return;
  client->reads_paused = paused;
  if (paused) {
    out_->PauseReads(client->conn);
  } else {
    out_->ResumeReads(client->conn);
  }
}

void ClientHub::Continue() {
  ContinueLeaving();
  ContinueFanouts();
  // Only those that waited when the step began: who yields again waits for the next.
  std::vector<Client*> turn;
  turn.swap(yielded_);
  for (Client* const client : turn) {
    if (client == nullptr || client->hold != Hold::kYield) continue;
    client->hold = Hold::kNone;
    Resume(client);
  }
}

// --- Time

void ClientHub::FireTimers() {
  while (Timer* const timer = timers_.PopDue(now_.mono)) {
    Client* const client = static_cast<Client*>(timer->owner);
    switch (static_cast<TimerKind>(timer->kind)) {
      case TimerKind::kPing: OnPingTimer(client); break;
      case TimerKind::kAuth: OnAuthTimer(client); break;
      case TimerKind::kWrite: OnWriteDeadline(client); break;
      case TimerKind::kStall:
        Unlist(client);
        client->stall_spent = true;
        if (debug()) {
          Log(LogLevel::kDebug, *client,
              "Timed out of fast producer stall (" + FormatDuration(kStallMax) + ")");
        }
        if (!MUTANT(16)) Resume(client);
        break;
    }
  }
}

void ClientHub::ArmFirstPing(Client* client) {
  Duration wait = options_.ping_interval;
  if (!options_.disable_short_first_ping) wait = std::min(wait, kFirstPing);
  // Spread over a fifth more, so that clients that came together do not stay together.
  if (wait.ns >= 5)
    wait = wait + Nanos(static_cast<int64_t>(rng_.Below(static_cast<uint64_t>(wait.ns / 5))));
  timers_.Arm(&client->ping_timer, now_.mono + wait);
}

void ClientHub::OnPingTimer(Client* client) {
  if (debug()) Log(LogLevel::kDebug, *client, "Client Ping Timer");
  // Before the first PING there is no round trip but that of the CONNECT: measure a real one.
  const bool want_rtt = client->rtt_start == Instant{} || client->rtt == Duration{} ||
                        now_.mono - client->rtt_start > kRttMaxAge;
  const Duration silence = now_.mono - client->last_in;
  if (silence < options_.ping_interval && !want_rtt) {
    if (debug()) {
      Log(LogLevel::kDebug, *client,
          "Delaying PING due to remote client data or ping " +
              FormatDuration(Seconds((silence.ns + 500'000'000) / 1'000'000'000)) + " ago");
    }
  } else if (client->pings_out + 1 > options_.ping_max && !MUTANT(5)) {
    if (debug()) Log(LogLevel::kDebug, *client, "Stale Client Connection - Closing");
    Send(client, "-ERR 'Stale Connection'\r\n");
    return Close(client, CloseReason::kStaleConnection);
  } else {
    SendPing(client);
  }
  if (client->phase == ClientPhase::kOpen) {
    timers_.Arm(&client->ping_timer, now_.mono + options_.ping_interval);
  }
}

void ClientHub::SendPing(Client* client) {
  client->rtt_start = now_.mono;
  ++client->pings_out;
  if (trace()) TraceOut(*client, "PING", {});
  Send(client, "PING\r\n");
}

void ClientHub::SendRttPing(Client* client) {
  // A library may not expect a PING before the PONG to its own.
  constexpr Duration kPatience = Seconds(2);
  if (client->first_pong_sent || now_.mono - client->started > kPatience) SendPing(client);
}

void ClientHub::OnAuthTimer(Client* client) {
  SendError(client, "Authentication Timeout");
  LogOncePerSecond(LogLevel::kDebug, *client, "Authentication Timeout");
  Close(client, CloseReason::kAuthenticationTimeout);
}

void ClientHub::OnWriteDeadline(Client* client) {
  // One that has not even said CONNECT is closed without being counted as a slow consumer.
  if (!client->awaiting_connect) CountSlowConsumer(client);
  if (client->flushing) {
    client->out.Clear();
    return FinishFlushing(client);
  }
  if (client->awaiting_connect || options_.write_timeout != config::WriteTimeoutPolicy::kRetry ||
      client->written == client->deadline_written) {
    return Close(client, CloseReason::kSlowConsumerWriteDeadline);
  }
  client->slow_consumer_state = true;
  ArmWriteDeadline(client, 0);
}

void ClientHub::CountSlowConsumer(Client* client) {
  ++stats_.slow_consumers;
  ++account_.slow_consumers;
  Log(LogLevel::kInfo, *client,
      std::string("Slow Consumer ") + (client->slow_consumer_state ? "State" : "Detected") +
          ": WriteDeadline of " + FormatDuration(options_.write_deadline) + " exceeded with " +
          std::to_string(client->out.segments()) + " chunks of " +
          std::to_string(client->out.pending()) + " total bytes.");
}

// --- What others ask

std::vector<Client*> ClientHub::OpenClients() const {
  std::vector<Client*> clients;
  for (const auto& client : by_slot_) {
    if (client != nullptr && client->phase == ClientPhase::kOpen) clients.push_back(client.get());
  }
  std::sort(clients.begin(), clients.end(),
            [](const Client* a, const Client* b) { return a->cid < b->cid; });
  return clients;
}

void ClientHub::FillConnInfo(const Client& client, monitor::ConnInfo* info) const {
  *info = {};
  info->position = client.conn.slot;
  info->cid = client.cid;
  info->ip = client.ip;
  info->port = client.port;
  info->start = client.started_wall;
  info->last_activity = client.last_activity_wall;
  info->rtt = client.rtt;
  info->uptime = now_.mono - client.started;
  info->idle = now_.mono - client.last_activity;
  info->pending_bytes = client.out.pending();
  info->in_msgs = client.in_msgs;
  info->in_bytes = client.in_bytes;
  info->out_msgs = client.out_msgs;
  info->out_bytes = client.out_bytes;
  info->stalls = client.stalls;
  info->subscriptions = static_cast<uint32_t>(client.sids.size());
  info->name = client.options.name;
  info->lang = client.options.lang;
  info->version = client.options.version;
  info->account = account_.name;
  if (!client.options.creds().user.empty()) {
    info->user = client.options.creds().user;
  } else if (!client.options.creds().auth_token.empty()) {
    info->user = "[REDACTED]";
  }
}

void ClientHub::FillSubInfo(subject::SubRef ref, monitor::SubInfo* info) const {
  const Subscription& sub = subs_[ref];
  info->subject = account_.subs.SubjectOf(sub.handle);
  info->queue = account_.subs.QueueOf(sub.handle);
  info->sid = sub.sid();
  info->msgs = sub.delivered;
  info->max = sub.max;
}

void ClientHub::RecordClosed(const Client& client, CloseReason reason, int64_t refused) {
  monitor::ConnInfo info;
  FillConnInfo(client, &info);
  info.pending_bytes -= refused;
  std::vector<monitor::SubInfo> subs;
  size_t cursor = 0;
  const size_t wanted = std::min(closed_.subs_per_conn_max(), client.sids.size());
  bool more = wanted > 0;
  while (more && subs.size() < wanted) {
    more = client.sids.Visit(&cursor, wanted - subs.size(),
                             [&](subject::SubRef ref) { FillSubInfo(ref, &subs.emplace_back()); });
  }
  closed_.Add(info, subs, now_.wall, reason);
}

void ClientHub::CheckInvariants() const {
  size_t open = 0, sids = 0;
  for (const auto& client : by_slot_) {
    if (client == nullptr) continue;
    client->out.CheckInvariants();
    CHECK(client->out.pending() <= options_.max_pending || client->phase != ClientPhase::kOpen);
    sids += client->sids.size();
    if (client->phase != ClientPhase::kOpen) continue;
    ++open;
    CHECK(client->ping_timer.armed());
    CHECK(client->hold != Hold::kNone || !client->reads_paused);
    CHECK(client->hold != Hold::kYield || yielded_.at(client->hold_at) == client.get());
    CHECK(client->in.size() <= kBacklogMax + (1 << 20) + static_cast<size_t>(options_.max_payload));
  }
  CHECK(open == open_count_);
  CHECK(subs_.size() == account_.subs.size());
  for (const auto& client : departed_) CHECK(client->subs_going && !client->ping_timer.armed());
  if (leaving_.empty()) CHECK(sids == subs_.size());
}

std::string ClientHub::Describe() const {
  std::string text = "connections " + std::to_string(open_count_) + ", subscriptions " +
                     std::to_string(subs_.size()) + ", block bytes " +
                     std::to_string(pool_.bytes_in_use()) + "\n";
  for (const auto& client : by_slot_) {
    if (client == nullptr) continue;
    text += client->Label() + ": phase " + std::to_string(static_cast<int>(client->phase)) +
            ", hold " + std::to_string(static_cast<int>(client->hold)) + ", subs " +
            std::to_string(client->sids.size()) + ", pending " +
            std::to_string(client->out.pending()) + (client->blocked ? ", blocked" : "") +
            ", kept " + std::to_string(client->in.size()) + "\n";
  }
  return text;
}

}  // namespace dunlin::session
