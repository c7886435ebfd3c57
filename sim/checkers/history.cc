#include "sim/checkers/history.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace dunlin::sim {

bool SubjectMatches(std::string_view pattern, std::string_view subject) {
  while (true) {
    const size_t pattern_dot = pattern.find('.');
    const size_t subject_dot = subject.find('.');
    const std::string_view token = pattern.substr(0, pattern_dot);
    if (token == ">" && pattern_dot == std::string_view::npos) return true;
    if (token != "*" && token != subject.substr(0, subject_dot)) return false;
    const bool pattern_ends = pattern_dot == std::string_view::npos;
    const bool subject_ends = subject_dot == std::string_view::npos;
    if (pattern_ends || subject_ends) return pattern_ends && subject_ends;
    pattern.remove_prefix(pattern_dot + 1);
    subject.remove_prefix(subject_dot + 1);
  }
}

History::History() = default;
History::~History() = default;

void History::AddChecker(std::unique_ptr<Checker> checker) {
  checkers_.push_back(std::move(checker));
}

ConnIndex History::Connected(ConnRecord record) {
  record.since = record.heard = now_;
  conns_.push_back(std::move(record));
  unknown_.emplace_back();
  conn_subs_.emplace_back();
  pings_.emplace_back();
  return static_cast<ConnIndex>(conns_.size() - 1);
}

SubIndex History::Subscribed(ConnIndex conn, std::string_view sid, std::string_view pattern,
                             std::string_view queue) {
  const auto index = static_cast<SubIndex>(subs_.size());
  SubRecord record;
  record.conn = conn;
  record.sid = sid;
  record.pattern = pattern;
  record.queue = queue;
  record.sent = now_;
  subs_.push_back(std::move(record));
  conn_subs_[conn].push_back(index);
  live_subs_.push_back(index);
  unknown_[conn].push_back({Unknown::Kind::kSub, index, now_});
  for (const auto& checker : checkers_) checker->OnSubscribed(conn, index);
  return index;
}

void History::Unsubscribed(SubIndex sub, uint64_t max) {
  SubRecord& record = subs_[sub];
  CHECK(record.unsub_sent == kNever);
  record.unsub_sent = now_;
  record.max = max;
  unknown_[record.conn].push_back({Unknown::Kind::kUnsub, sub, now_});
  for (const auto& checker : checkers_) checker->OnUnsubscribed(sub);
}

void History::SubscriptionRefused(ConnIndex conn) {
  for (const Unknown& unknown : unknown_[conn]) {
    if (unknown.kind == Unknown::Kind::kSub) subs_[unknown.index].doubtful = true;
  }
}

MessageIndex History::Published(MessageRecord record) {
  const auto index = static_cast<MessageIndex>(messages_.size());
  record.sent = now_;
  unknown_[record.conn].push_back({Unknown::Kind::kMessage, index, now_});
  messages_.push_back(std::move(record));
  for (const auto& checker : checkers_) checker->OnPublished(index);
  return index;
}

void History::PingSent(ConnIndex conn) {
  pings_[conn].push_back(now_);
  // A marker: everything in front of it is made known by this PING's PONG.
  unknown_[conn].push_back({Unknown::Kind::kMessage, kNone, now_});
  if (conns_[conn].ping_sent == kNever) conns_[conn].ping_sent = now_;
}

void History::Pong(ConnIndex conn, Instant ping_sent) {
  std::vector<Instant>& pings = pings_[conn];
  CHECK(!pings.empty() && pings.front() == ping_sent);
  pings.erase(pings.begin());
  conns_[conn].ping_sent = pings.empty() ? kNever : pings.front();

  std::vector<Unknown>& waiting = unknown_[conn];
  std::vector<Unknown> known;
  const auto marker = std::find_if(waiting.begin(), waiting.end(), [](const Unknown& unknown) {
    return unknown.kind == Unknown::Kind::kMessage && unknown.index == kNone;
  });
  CHECK(marker != waiting.end());
  known.assign(waiting.begin(), marker);
  waiting.erase(waiting.begin(), marker + 1);

  for (const Unknown& unknown : known) {
    switch (unknown.kind) {
      case Unknown::Kind::kSub: {
        if (subs_[unknown.index].doubtful) break;
        subs_[unknown.index].known = now_;
        for (const auto& checker : checkers_) checker->OnSubscribeKnown(unknown.index);
        break;
      }
      case Unknown::Kind::kUnsub: {
        SubRecord& sub = subs_[unknown.index];
        sub.unsub_known = now_;
        sub.deliveries_when_unsub_known = sub.deliveries;
        if (sub.CertainlyGone()) std::erase(live_subs_, unknown.index);
        break;
      }
      case Unknown::Kind::kMessage: {
        messages_[unknown.index].known = now_;
        for (const auto& checker : checkers_) checker->OnPublishKnown(unknown.index);
        break;
      }
    }
  }
  for (const auto& checker : checkers_) checker->OnPong(conn, ping_sent);
}

void History::Delivered(const Delivery& delivery) {
  ++deliveries_;
  const SubIndex sub = FindSub(delivery.conn, delivery.sid);
  if (sub != kNone) {
    ++subs_[sub].deliveries;
    if (subs_[sub].max > 0 && subs_[sub].CertainlyGone()) std::erase(live_subs_, sub);
  }
  for (const auto& checker : checkers_) checker->OnDelivered(delivery, sub);
}

void History::NoResponders(ConnIndex conn, std::string_view reply) {
  for (const auto& checker : checkers_) checker->OnNoResponders(conn, reply);
}

void History::Error(ConnIndex conn, std::string_view words) {
  for (const auto& checker : checkers_) checker->OnError(conn, words);
}

void History::Ended(ConnIndex conn) {
  if (conns_[conn].ended != kNever) return;  // Its client left before.
  Over(conn);
  for (const auto& checker : checkers_) checker->OnEnded(conn);
}

void History::Left(ConnIndex conn) {
  Over(conn);
  for (const auto& checker : checkers_) checker->OnLeft(conn);
}

void History::Over(ConnIndex conn) {
  if (conns_[conn].ended != kNever) return;
  conns_[conn].ended = now_;
  conns_[conn].ping_sent = kNever;
  unknown_[conn].clear();
  pings_[conn].clear();
  std::erase_if(live_subs_, [&](SubIndex sub) { return subs_[sub].conn == conn; });
}

void History::Time() {
  for (const auto& checker : checkers_) checker->OnTime();
}

void History::Finish() {
  for (const auto& checker : checkers_) checker->OnFinish();
}

SubIndex History::FindSub(ConnIndex conn, std::string_view sid) const {
  const std::vector<SubIndex>& subs = conn_subs_[conn];
  for (auto it = subs.rbegin(); it != subs.rend(); ++it) {
    if (subs_[*it].sid == sid) return *it;
  }
  return kNone;
}

void History::Violate(std::string_view invariant, std::string text) {
  violations_.push_back({now_, invariant, std::move(text)});
}

std::string History::NameOf(ConnIndex conn) const {
  return conns_[conn].client + "#" + std::to_string(conn);
}

std::string History::NameOfSub(SubIndex sub) const {
  const SubRecord& record = subs_[sub];
  std::string name = NameOf(record.conn) + " sid " + record.sid + " '" + record.pattern + "'";
  if (!record.queue.empty()) name += " queue '" + record.queue + "'";
  return name;
}

std::string History::NameOfMessage(MessageIndex message) const {
  const MessageRecord& record = messages_[message];
  return "message " + std::to_string(message) + " (" + NameOf(record.conn) + " seq " +
         std::to_string(record.seq) + " on '" + record.subject + "')";
}

}  // namespace dunlin::sim
