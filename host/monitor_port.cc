#include "host/monitor_port.h"

#include <algorithm>

namespace dunlin::host {

MonitorPort::Conn* MonitorPort::Open(ConnId id, Instant now) {
  if (conns_.size() >= kConnectionsMax) return nullptr;
  Conn& conn = conns_.try_emplace(id.slot, options_).first->second;
  conn.id = id;
  Touch(conn, now);
  return &conn;
}

MonitorPort::Conn* MonitorPort::Find(ConnId id) {
  const auto at = conns_.find(id.slot);
  return at != conns_.end() && at->second.id == id ? &at->second : nullptr;
}

MonitorPort::Conn* MonitorPort::Find(Ticket ticket) {
  const auto at = asked_.find(ticket);
  return at != asked_.end() ? Find(at->second) : nullptr;
}

std::optional<Ticket> MonitorPort::Close(ConnId id) {
  Conn* conn = Find(id);
  if (conn == nullptr) return std::nullopt;
  const auto unanswered = conn->asked;
  if (unanswered) asked_.erase(*unanswered);
  conns_.erase(id.slot);
  return unanswered;
}

std::optional<std::string> MonitorPort::TakeRequest(Conn& conn) {
  auto request = conn.http.TakeRequest();
  if (!request) return std::nullopt;
  conn.asked = Ticket{++tickets_};
  asked_.emplace(*conn.asked, conn.id);
  return std::move(request->target);
}

void MonitorPort::Answered(Conn& conn) {
  asked_.erase(*conn.asked);
  conn.asked.reset();
}

void MonitorPort::Touch(Conn& conn, Instant now) {
  if (!conn.http.AwaitsHeader()) {
    conn.header_deadline.reset();
  } else if (!conn.header_deadline) {
    conn.header_deadline = now + http::kHeaderTimeout;
    deadline_ = std::min(deadline_, *conn.header_deadline);
  }
}

std::optional<ConnId> MonitorPort::Overdue(Instant now) {
  if (now < deadline_) return std::nullopt;
  deadline_ = kNever;
  std::optional<ConnId> overdue;
  for (const auto& [slot, conn] : conns_) {
    if (!conn.header_deadline) continue;
    if (*conn.header_deadline <= now) overdue = conn.id;
    deadline_ = std::min(deadline_, *conn.header_deadline);
  }
  return overdue;
}

}  // namespace dunlin::host
