// The last connections that were closed, and why: what /connz?state=closed shows.
//
// Bounded twice. By number: max_closed_clients, the oldest goes first. By the bytes spent on lists
// of subscriptions: a connection may take 500,000 of them with it, so a list is cut at
// subs_per_conn_max, and the oldest lists go when all together pass subs_bytes_max (their
// connections stay, without a list). The reference keeps all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/monitor/close_reason.h"
#include "engine/monitor/conn_info.h"

namespace dunlin::monitor {

// A closed connection. Owns its texts; views from info() and Subs() live as long as it stays in the
// ring.
class ClosedConn {
 public:
  ClosedConn(const ConnInfo& info, std::span<const SubInfo> subs, WallTime stop,
             CloseReason reason);

  const ConnInfo& info() const { return info_; }
  WallTime stop() const { return stop_; }
  CloseReason reason() const { return reason_; }
  // May be cut short: info().subscriptions has the number.
  std::span<const SubInfo> subs() const { return subs_; }
  size_t subs_bytes() const { return subs_bytes_; }
  void DropSubs();

 private:
  ConnInfo info_;
  WallTime stop_;
  CloseReason reason_;
  std::unique_ptr<char[]> texts_;      // What the views of info_ point to ...
  std::unique_ptr<char[]> sub_texts_;  // ... and those of subs_.
  std::vector<SubInfo> subs_;
  size_t subs_bytes_ = 0;
};

class ClosedRing {
 public:
  struct Options {
    size_t conns_max = 10'000;  // 0: keep none.
    size_t subs_per_conn_max = 1'000;
    size_t subs_bytes_max = 32u << 20;
  };

  explicit ClosedRing(Options options);

  // How many subscriptions of a closing connection are worth collecting for Add().
  size_t subs_per_conn_max() const { return options_.subs_per_conn_max; }

  // 'info' and 'subs' are copied. info.subscriptions counts all, 'subs' may have fewer.
  void Add(const ConnInfo& info, std::span<const SubInfo> subs, WallTime stop, CloseReason reason);

  size_t size() const { return conns_.size(); }
  // Connections ever added; those in the ring are numbers total() - size() up to total() - 1.
  uint64_t total() const { return total_; }
  // The one with that number; nullptr if it has left the ring or was never in it.
  const ClosedConn* Find(uint64_t number) const;
  const ClosedConn* FindCid(uint64_t cid) const;

  void CheckInvariants() const;

 private:
  const Options options_;
  std::deque<ClosedConn> conns_;  // Oldest first.
  uint64_t total_ = 0;
  uint64_t subs_from_ = 0;  // Connections below this number have no list any more.
  size_t subs_bytes_ = 0;
};

}  // namespace dunlin::monitor
