// What each verb but PUB and HPUB does: ClientHub's policy for one connection. ADR-40.
#include <algorithm>

#include "engine/base/mutant.h"
#include "engine/base/quote.h"
#include "engine/session/client_hub.h"
#include "engine/session/redact.h"

namespace dunlin::session {
namespace {

constexpr int64_t kProtocolMin = 0, kProtocolMax = 1;  // 1: understands an INFO at any time.
// Nobody may be in this queue group: the reference keeps it for itself.
constexpr std::string_view kSystemQueue = "_sys_";

// What the client says of itself, in the log's form: 'v1.2.3:lang:name', as far as known.
std::string PeerText(const wire::ConnectOptions& options) {
  std::string text;
  const auto add = [&text](std::string_view part) {
    if (part.empty()) return;
    if (!text.empty()) text += ':';
    text += part;
  };
  if (!options.version.empty()) add("v" + options.version);
  add(options.lang);
  add(options.name);
  return text;
}

// As whom the client has logged in, in the log's form: '$G/user:NAME'. Empty: it has said no name.
std::string LoginText(const wire::ConnectOptions& options) {
  const std::string prefix = std::string(account::kGlobalAccount) + "/";
  if (!options.creds().nkey.empty()) return prefix + "nkey:" + options.creds().nkey;
  if (!options.creds().user.empty()) return prefix + "user:" + options.creds().user;
  if (!options.creds().auth_token.empty()) return prefix + "token";
  return {};
}

}  // namespace

void ClientHub::HandleLine(Client* client, const wire::ClientLine& line) {
  switch (line.verb) {
    case wire::ClientVerb::kPing:
      if (trace()) TraceIn(*client, "PING", {});
      return HandlePing(client);
    case wire::ClientVerb::kPong:
      if (trace()) TraceIn(*client, "PONG", {});
      return HandlePong(client);
    case wire::ClientVerb::kSub:
      if (trace()) TraceIn(*client, "SUB", line.args);
      return HandleSub(client, line.args);
    case wire::ClientVerb::kUnsub:
      if (trace()) TraceIn(*client, "UNSUB", line.args);
      return HandleUnsub(client, line.args);
    case wire::ClientVerb::kConnect:
      if (trace()) TraceIn(*client, "CONNECT", RedactSecrets(line.args));
      return HandleConnect(client, line.args);
    case wire::ClientVerb::kInfo: {
      std::string error;
      if (!wire::CheckInfo(line.args, &error)) ProtocolError(client, error);
      return;
    }
    case wire::ClientVerb::kErr:
      Log(LogLevel::kError, *client, "Client Error " + std::string(line.args));
      return Close(client, CloseReason::kParseError);
    default: return;  // +OK.
  }
}

void ClientHub::HandleConnect(Client* client, std::string_view json) {
  timers_.Disarm(&client->wait_timer);
  client->last_activity = now_.mono;
  client->last_activity_wall = now_.wall;
  client->rtt = std::max(now_.mono - client->started, Nanos(1));
  ArmFirstPing(client);

  std::string error;
  if (!wire::ApplyConnect(json, &client->options, &error)) return ProtocolError(client, error);
  const wire::ConnectOptions& options = client->options;
  const bool first = !client->connect_received;
  client->connect_received = true;
  client->awaiting_connect = false;
  client->echo = options.echo;
  client->headers = info_.headers && options.headers;
  if (!first && client->sids.size() > 0)
    StartLeaving(client);  // It may change account: interest goes.
  if (options.new_account || !options.creds().account.empty()) return AuthViolation(client);
  switch (Authenticate(*client)) {
    case Login::kGranted: return FinishConnect(client, first);
    case Login::kRefused: return AuthViolation(client);
    case Login::kSlowToTell: return StartCheck(client, first);
  }
}

void ClientHub::FinishConnect(Client* client, bool first) {
  const wire::ConnectOptions& options = client->options;
  if (first) {
    if (const std::string peer = PeerText(options); !peer.empty()) {
      client->label_tail += " - " + GoQuote(peer);
    }
    if (const std::string login = LoginText(options); !login.empty()) {
      client->label_tail += " - " + GoQuote(login);
    }
  }
  if (options.protocol < kProtocolMin || options.protocol > kProtocolMax) {
    SendError(client, "invalid client protocol");
    Close(client, CloseReason::kBadClientProtocolVersion);
    return Log(LogLevel::kError, *client, "invalid client protocol");
  }
  if (options.no_responders && !client->headers) {
    SendError(client, "no responders requires headers support");
    Close(client, CloseReason::kNoRespondersRequiresHeaders);
    return Log(LogLevel::kError, *client, "no responders requires headers support");
  }
  if (options.verbose) SendOk(client);
}

void ClientHub::HandleSub(Client* client, std::string_view args) {
  deliveries_left_ -= kSubscriptionCost;
  wire::SubArgs sub;
  if (!wire::ReadSub(args, &sub)) {
    return ProtocolError(client, "processSub Parse Error: " + GoQuote(args));
  }
  client->last_in = client->last_activity = now_.mono;
  client->last_activity_wall = now_.wall;
  if (sub.queue == kSystemQueue) {
    SendError(client, "Permissions Violation for Subscription to " + GoQuote(sub.subject) +
                          " using queue " + GoQuote(sub.queue));
    return Log(LogLevel::kError, *client,
               "Subscription Violation - Subject " + GoQuote(sub.subject) +
                   ", Queue: " + GoQuote(sub.queue) + ", SID " + std::string(sub.sid));
  }
  if (options_.max_subscription_tokens > 0 &&
      std::count(sub.subject.begin(), sub.subject.end(), '.') + 1 >
          options_.max_subscription_tokens) {
    SendError(client, "Permissions Violation for Subscription to " + GoQuote(sub.subject) +
                          ", too many tokens");
    return Log(LogLevel::kError, *client,
               "Subscription Violation Too Many Tokens - Subject " + GoQuote(sub.subject) +
                   ", SID " + std::string(sub.sid));
  }
  if (options_.max_subscriptions > 0 &&
      client->sids.size() >= static_cast<size_t>(options_.max_subscriptions)) {
    LogOncePerSecond(LogLevel::kError, *client, "maximum subscriptions exceeded");
    return SendError(client, "maximum subscriptions exceeded");
  }
  // A sid that is in use keeps its subscription: the new one is ignored, and still confirmed.
  if (subs_.Find(client->sids, sub.sid) == SubscriptionTable::kNone) {
    const subject::SubRef ref = subs_.Add(client, &client->sids, sub.sid);
    const subject::SubHandle handle = account_.subs.Insert(sub.subject, sub.queue, ref);
    if (handle == subject::SubHandle::kNone) {
      subs_.Remove(&client->sids, ref);
      return SendError(client, "Invalid Subject");
    }
    subs_[ref].handle = handle;
  }
  if (client->options.verbose) SendOk(client);
}

void ClientHub::HandleUnsub(Client* client, std::string_view args) {
  deliveries_left_ -= kSubscriptionCost;
  wire::UnsubArgs unsub;
  if (!wire::ReadUnsub(args, &unsub)) {
    return ProtocolError(client, "processUnsub Parse Error: " + GoQuote(args));
  }
  client->last_in = client->last_activity = now_.mono;
  client->last_activity_wall = now_.wall;
  if (const subject::SubRef ref = subs_.Find(client->sids, unsub.sid);
      ref != SubscriptionTable::kNone) {
    Subscription& sub = subs_[ref];
    if (unsub.max > 0 && unsub.max > sub.delivered) {
      sub.max = unsub.max + (MUTANT(1) ? 1 : 0);
    } else {
      sub.max = 0;
      Unsubscribe(ref);
    }
  }
  if (client->options.verbose) SendOk(client);
}

void ClientHub::Unsubscribe(subject::SubRef ref) {
  Subscription& sub = subs_[ref];
  account_.subs.Remove(sub.handle);
  subs_.Remove(&sub.client->sids, ref);
}

void ClientHub::HandlePing(Client* client) {
  if (trace()) TraceOut(*client, "PONG", {});
  if (!(MUTANT(12) && client->blocked)) Send(client, "PONG\r\n");
  client->last_in = now_.mono;
  if (!client->connect_received || client->first_pong_sent) return;
  client->first_pong_sent = true;
  if (client->options.protocol >= 1) SendInfo(client, true);
}

void ClientHub::HandlePong(Client* client) {
  client->pings_out = 0;
  client->rtt = std::max(now_.mono - client->rtt_start, Nanos(1));
}

}  // namespace dunlin::session
