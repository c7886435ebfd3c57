// A server as monitoring sees it, made by hand: connections in slots, a closed ring, facts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/monitor/source.h"

namespace dunlin::monitor {

struct FakeSub {
  std::string subject, queue, sid;
  int64_t msgs = 0, max = 0;
};

struct FakeConn {
  ConnInfo info;  // Its views point to literals; its position is set when it is asked for.
  std::vector<FakeSub> subs;
};

class FakeSource : public Source {
 public:
  FakeSource()
      : closed_({.conns_max = 100, .subs_per_conn_max = 1000, .subs_bytes_max = 1 << 20}) {}

  ServerFacts Facts() const override {
    ServerFacts facts = facts_;
    facts.options = &options_;
    return facts;
  }

  bool NextConn(uint64_t* position, ConnInfo* info) const override {
    for (; *position < slots_.size(); ++*position) {
      if (ConnAt(*position, info)) {
        ++*position;
        return true;
      }
    }
    return false;
  }

  bool ConnAt(uint64_t position, ConnInfo* info) const override {
    if (position >= slots_.size() || !slots_[position]) return false;
    *info = slots_[position]->info;
    info->position = position;
    info->subscriptions = static_cast<uint32_t>(slots_[position]->subs.size());
    return true;
  }

  size_t ListSubs(const ConnInfo& conn, uint64_t* cursor, std::span<SubInfo> page) const override {
    const std::vector<FakeSub>& subs = slots_[conn.position]->subs;
    size_t count = 0;
    for (; count < page.size() && *cursor < subs.size(); ++*cursor) {
      const FakeSub& sub = subs[*cursor];
      page[count++] = {sub.subject, sub.queue, sub.sid, sub.msgs, sub.max};
    }
    return count;
  }

  const ClosedRing& Closed() const override { return closed_; }
  void WantRtt(const ConnInfo& conn) override { rtt_wanted_.push_back(conn.cid); }

  FakeConn& Add(uint64_t cid) {
    FakeConn conn;
    conn.info.cid = cid;
    conn.info.ip = "127.0.0.1";
    conn.info.account = kGlobalAccount;
    return *slots_.emplace_back(std::move(conn));
  }

  void Close(size_t slot, CloseReason reason = CloseReason::kClientClosed, WallTime stop = {}) {
    ConnInfo info;
    if (!ConnAt(slot, &info)) return;
    std::vector<SubInfo> subs(slots_[slot]->subs.size());
    uint64_t cursor = 0;
    subs.resize(ListSubs(info, &cursor, subs));
    closed_.Add(info, subs, stop, reason);
    slots_[slot].reset();
  }

  config::Options options_;
  ServerFacts facts_;
  std::vector<std::optional<FakeConn>> slots_;
  ClosedRing closed_;
  std::vector<uint64_t> rtt_wanted_;
};

}  // namespace dunlin::monitor
