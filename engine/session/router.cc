// The way of a message: ClientHub's routing. The path that users measure; nothing is allocated here
// for a message that is only passed on.
#include <cstring>

#include "engine/base/check.h"
#include "engine/base/knob.h"
#include "engine/base/mutant.h"
#include "engine/base/quote.h"
#include "engine/session/client_hub.h"

namespace dunlin::session {
namespace {

// Replies and subjects that only servers may use.
constexpr std::string_view kServiceReplyPrefix = "_R_.";
constexpr std::string_view kGatewayReplyPrefix = "_GR_.";
constexpr std::string_view kRaftPrefix = "$NRG.";
constexpr std::string_view kAckPrefix = "$JS.ACK.";

bool LongerThan(std::string_view text, std::string_view prefix) {
  return text.size() > prefix.size() && text.starts_with(prefix);
}

bool IsReservedReply(std::string_view reply) {
  return reply.starts_with(kServiceReplyPrefix) || LongerThan(reply, kAckPrefix) ||
         LongerThan(reply, kGatewayReplyPrefix);
}

// memcpy() for texts of some ten bytes, without the call: two moves that overlap.
[[gnu::always_inline]] inline uint8_t* Put(uint8_t* at, std::string_view text) {
  const char* const from = text.data();
  const size_t size = text.size();
  if (size > 32) {
    std::memcpy(at, from, size);
  } else if (size >= 16) {
    std::memcpy(at, from, 16);
    std::memcpy(at + size - 16, from + size - 16, 16);
  } else if (size >= 8) {
    std::memcpy(at, from, 8);
    std::memcpy(at + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(at, from, 4);
    std::memcpy(at + size - 4, from + size - 4, 4);
  } else {
    for (size_t i = 0; i < size; ++i) at[i] = static_cast<uint8_t>(from[i]);
  }
  return at + size;
}

}  // namespace

ClientHub::~ClientHub() {
  for (const auto& fanout : fanouts_) {
    fanout->result.Reset();
    pool_.Unref(fanout->block);
  }
  for (auto& client : by_slot_) {
    if (client != nullptr && client->in.block != nullptr) pool_.Unref(client->in.block);
    client.reset();
  }
  departed_.clear();
}

void ClientHub::Publish(Client* from, const Message& message) {
  from->in_msgs += 1;
  from->in_bytes += message.size;

  const char first = message.subject.empty() ? '\0' : message.subject[0];
  if (first == '_' || first == '$') [[unlikely]] {
    if (LongerThan(message.subject, kGatewayReplyPrefix) ||
        message.subject.starts_with(kRaftPrefix)) {
      SendError(from, "Permissions Violation for Publish to " + GoQuote(message.subject));
      return Log(LogLevel::kError, *from,
                 "Publish Violation - Subject " + GoQuote(message.subject));
    }
  }
  if (!message.reply.empty() && IsReservedReply(message.reply)) {
    SendError(from, "Permissions Violation for Publish with Reply of " + GoQuote(message.reply));
    return Log(LogLevel::kError, *from, "Publish Violation - Reply " + GoQuote(message.reply));
  }
  if (from->options.verbose) SendOk(from);

  const subject::MatchResult& result = account_.subs.Match(message.subject);
  bool delivered = false;
  if (!result.empty()) {
    if (result.plain().size() + result.group_count() > KNOB(kFanoutSlice, 3)) {
      return StartFanout(from, message, result);
    }
    shared_ = message.block;
    routing_ = true;  // A delivery may close its receiver.
    for (const subject::SubRef ref : result.plain()) delivered |= Deliver(from, ref, message);
    for (size_t i = 0; i < result.group_count(); ++i) {
      delivered |= DeliverToGroup(from, result.group(i), message) && !MUTANT(14);
    }
    routing_ = false;
    if (shared_ != message.block) pool_.Unref(shared_);
    if (!auto_unsubs_.empty()) FlushAutoUnsubs();
  }
  if (!delivered && !message.reply.empty()) AnswerNoResponders(from, message);
}

// One member of the group gets it: a random one, or the next that can take it.
bool ClientHub::DeliverToGroup(Client* from, const subject::QueueGroup& group,
                               const Message& message) {
  const size_t count = group.members.size();
  size_t at = count > 1 ? rng_.Below(count) : 0;
  for (size_t tried = 0; tried < count; ++tried) {
    if (Deliver(from, group.members[at], message) && !(MUTANT(3) && tried == 0)) return true;
    if (++at == count) at = 0;
  }
  return false;
}

bool ClientHub::Deliver(Client* from, subject::SubRef ref, const Message& message) {
  Subscription& sub = subs_[ref];
  Client* const to = sub.client;
  if (to == nullptr) return false;  // Unsubscribed while a slow fan-out was under way.
  if (to == from && !to->echo && !MUTANT(2)) return false;
  if (to->phase != ClientPhase::kOpen) return false;
  ++sub.delivered;
  if (sub.max > 0 && sub.delivered >= sub.max) {
    // The result that is being walked must not change, so the subscription goes afterwards.
    if (sub.delivered > sub.max) return false;
    if (debug()) {
      Log(LogLevel::kDebug, *to,
          "Auto-unsubscribe limit of " + std::to_string(sub.max) + " reached for sid '" +
              std::string(sub.sid()) + "'");
    }
    auto_unsubs_.push_back(ref);
  }
  if (to->slow) {
    if (options_.no_fast_producer_stall) return false;
    if (from != nullptr) HoldProducer(from, *to);
  }
  Encode(to, sub, message);
  return true;
}

void ClientHub::Encode(Client* to, const Subscription& sub, const Message& message) {
  std::string_view tail = message.tail;
  const uint8_t* body = message.body;
  int32_t size = message.size;
  const bool with_header = message.header_size > 0 && to->headers;
  const bool stripped = message.header_size > 0 && !with_header;
  if (stripped) [[unlikely]] {
    body += message.header_size;
    size -= message.header_size;
    scratch_.clear();
    if (!message.reply.empty()) scratch_.append(message.reply).append(" ");
    scratch_.append(std::to_string(size)).append("\r\n");
    tail = scratch_;
  }
  const std::string_view sid = sub.sid();
  const size_t head = 8 + message.subject.size() + sid.size() + tail.size();
  const size_t body_size = static_cast<size_t>(size) + 2;
  const bool share = size >= kShareMin;

  uint8_t* const start = to->out.Reserve(share ? head : head + body_size);
  uint8_t* at = start;
  if (with_header) *at++ = 'H';
  at = Put(at, "MSG ");
  at = Put(at, message.subject);
  *at++ = ' ';
  at = Put(at, sid);
  *at++ = ' ';
  const size_t line = static_cast<size_t>(at - start) + tail.size();
  if (!share && message.joined && !stripped) {
    std::memcpy(at, tail.data(), tail.size() + body_size);
    to->out.Commit(at + tail.size() + body_size);
  } else if (!share) {
    at = Put(at, tail);
    std::memcpy(at, body, body_size);
    to->out.Commit(at + body_size);
  } else {
    at = Put(at, tail);
    to->out.Commit(at);
    if (shared_ == nullptr)
      shared_ = pool_.Borrow(message.body, static_cast<size_t>(message.size) + 2);
    if (to->blocked && shared_->borrowed) pool_.Own(shared_);
    const uint8_t* const base = message.block != nullptr ? message.block->data : message.body;
    to->out.AppendShared(shared_, static_cast<uint32_t>(body - base),
                         static_cast<uint32_t>(body_size));
  }
  to->out_msgs += 1;
  to->out_bytes += size;
  account_.out.msgs += 1;
  account_.out.bytes += size;
  deliveries_left_ -= 1;
  bytes_left_ -= static_cast<int64_t>(line + body_size);
  if (!to->dirty) {
    to->last_activity = now_.mono;
    to->last_activity_wall = now_.wall;
  }
  AfterAppend(to, static_cast<int64_t>(line + body_size));
  if (trace()) [[unlikely]] {
    TraceOut(*to, {reinterpret_cast<const char*>(start), line - 2}, {});
    TracePayload(*to, "->>", body, size, with_header ? message.header_size : -1);
  }
}

// The publisher asked to be told when nobody is there to answer. ADR-22.
void ClientHub::AnswerNoResponders(Client* from, const Message& message) {
  if (!from->options.no_responders || from->phase != ClientPhase::kOpen) return;
  const subject::MatchResult& result = account_.subs.Match(message.reply);
  for (const subject::SubRef ref : result.plain()) {
    const Subscription& sub = subs_[ref];
    if (sub.client != from) continue;
    constexpr std::string_view kStatus = "NATS/1.0 503\r\nNats-Subject: ";
    const std::string size = std::to_string(kStatus.size() + message.subject.size() + 4);
    std::string text = "HMSG ";
    text.append(message.reply).append(" ").append(sub.sid()).append(" ");
    text.append(size).append(" ").append(size).append("\r\n");
    text.append(kStatus).append(message.subject).append("\r\n\r\n\r\n");
    return Send(from, text);
  }
}

void ClientHub::FlushAutoUnsubs() {
  for (const subject::SubRef ref : auto_unsubs_) {
    // One whose connection was closed meanwhile goes with all of that connection's.
    const Client* const client = subs_[ref].client;
    if (client != nullptr && !client->subs_going) Unsubscribe(ref);
  }
  auto_unsubs_.clear();
}

// A consumer is getting full: its producer waits, a moment if the consumer was only not written to
// yet, until it has caught up if it does not take more.
void ClientHub::HoldProducer(Client* from, const Client& consumer) {
  if (from->phase != ClientPhase::kOpen) return;
  if (from->hold != Hold::kNone && from->hold != Hold::kYield) return;
  if (!consumer.blocked) {
    if (from->hold == Hold::kNone) HoldClient(from, Hold::kYield);
    return;
  }
  if (from->stall_spent) return;
  ++from->stalls;
  ++stats_.stalled_clients;
  HoldClient(from, Hold::kStalled);
  from->wait_timer.kind = static_cast<uint8_t>(TimerKind::kStall);
  timers_.Arm(&from->wait_timer, now_.mono + kStallMax);
}

void ClientHub::StartFanout(Client* from, const Message& message,
                            const subject::MatchResult& result) {
  auto fanout = std::make_unique<Fanout>();
  fanout->from = from;
  fanout->result = account_.subs.Hold(result);
  fanout->message = message;
  Message& copy = fanout->message;
  const auto size = static_cast<size_t>(message.size) + 2;
  if (message.block != nullptr) {
    fanout->block = message.block;
    pool_.Ref(fanout->block);
  } else {
    fanout->block = pool_.New(size);
    std::memcpy(fanout->block->data, message.body, size);
    copy.body = fanout->block->data;
  }
  copy.block = fanout->block;
  copy.joined = false;
  std::string_view* const views[] = {&copy.subject, &copy.reply, &copy.header_text, &copy.size_text,
                                     &copy.tail};
  for (const std::string_view* view : views) fanout->texts.append(*view);
  size_t at = 0;
  for (std::string_view* view : views) {
    *view = std::string_view(fanout->texts).substr(at, view->size());
    at += view->size();
  }
  subs_.Pin();
  HoldClient(from, Hold::kFanout);
  fanouts_.push_back(std::move(fanout));
}

// Goes on with the widest messages, a slice each, the oldest first.
void ClientHub::ContinueFanouts() {
  while (!fanouts_.empty() && deliveries_left_ > 0) {
    Fanout& fanout = *fanouts_.front();
    shared_ = fanout.block;
    const auto plain = fanout.result->plain();
    for (; fanout.plain_done < plain.size() && deliveries_left_ > 0 && bytes_left_ > 0;
         ++fanout.plain_done) {
      fanout.delivered |= Deliver(fanout.from, plain[fanout.plain_done], fanout.message);
      --deliveries_left_;
    }
    while (fanout.plain_done == plain.size() && fanout.groups_done < fanout.result->group_count() &&
           deliveries_left_ > 0 && bytes_left_ > 0) {
      const auto group = fanout.result->group(fanout.groups_done++);
      fanout.delivered |= DeliverToGroup(fanout.from, group, fanout.message);
      --deliveries_left_;
    }
    if (!auto_unsubs_.empty()) FlushAutoUnsubs();
    if (fanout.plain_done < plain.size() || fanout.groups_done < fanout.result->group_count())
      return;
    Client* const from = fanout.from;
    if (!fanout.delivered && from != nullptr && !fanout.message.reply.empty()) {
      AnswerNoResponders(from, fanout.message);
    }
    fanout.result.Reset();
    pool_.Unref(fanout.block);
    subs_.Unpin();
    fanouts_.pop_front();
    if (from != nullptr) Resume(from);
  }
}

void ClientHub::ForgetPublisher(const Client* client) {
  for (const auto& fanout : fanouts_) {
    if (fanout->from == client) fanout->from = nullptr;
  }
}

}  // namespace dunlin::session
