// What the server tells monitoring: monitor::Source over the client hub.
#include "engine/base/version.h"
#include "engine/server/server_impl.h"
#include "engine/wire/info.h"

namespace dunlin {
namespace {

monitor::Traffic ToTraffic(const account::Traffic& t) { return {t.msgs, t.bytes}; }

}  // namespace

monitor::ServerFacts Server::Impl::Facts() const {
  const wire::Info& info = const_cast<Impl*>(this)->hub_->info();
  const account::Account& account = hub().global_account();
  const session::ClientHub::Stats& stats = hub().stats();
  monitor::ServerFacts facts;
  facts.options = &options_;
  facts.server_id = info.server_id;
  facts.server_name = info.server_name;
  facts.version = kReferenceVersion;
  facts.go_version = wire::kProgramVersion;
  facts.host = info.host;
  facts.port = info.port;
  facts.auth_required = info.auth_required;
  facts.accepts_clients = client_listener_up_ || options_.dont_listen;
  facts.now = now_;
  facts.start = started_wall_;
  facts.uptime = now_.mono - started_;
  facts.config_load_time = started_wall_;
  facts.mem = usage_.resident_bytes;
  facts.cores = usage_.cores;
  facts.max_procs = usage_.max_procs;
  facts.memory_limit_bytes = usage_.memory_limit_bytes;
  facts.cpu = usage_.cpu_percent;
  facts.connections = static_cast<int>(hub().open_count());
  facts.total_connections = stats.total_connections;
  facts.in = facts.in_client = ToTraffic(account.in);
  facts.out = facts.out_client = ToTraffic(account.out);
  facts.slow_consumers = stats.slow_consumers;
  facts.slow_consumer_stats.clients = static_cast<uint64_t>(stats.slow_consumers);
  facts.stale_connections = stats.stale_connections;
  facts.stale_connection_stats.clients = static_cast<uint64_t>(stats.stale_connections);
  facts.stalled_clients = stats.stalled_clients;

  monitor::AccountFacts global;
  global.name = account.name;
  global.updated = started_wall_;
  global.connections = global.total_connections = facts.connections;
  global.subs = account.subs.Stats();
  global.sent = facts.out;
  global.received = facts.in;
  global.slow_consumers = stats.slow_consumers;
  facts.accounts.push_back(global);
  return facts;
}

bool Server::Impl::NextConn(uint64_t* position, monitor::ConnInfo* info) const {
  const auto& slots = hub().by_slot();
  for (; *position < slots.size(); ++*position) {
    if (ConnAt(*position, info)) {
      ++*position;
      return true;
    }
  }
  return false;
}

bool Server::Impl::ConnAt(uint64_t position, monitor::ConnInfo* info) const {
  const auto& slots = hub().by_slot();
  if (position >= slots.size() || slots[position] == nullptr) return false;
  const session::Client& client = *slots[position];
  if (client.phase != session::ClientPhase::kOpen) return false;
  hub().FillConnInfo(client, info);
  return true;
}

size_t Server::Impl::ListSubs(const monitor::ConnInfo& conn, uint64_t* cursor,
                              std::span<monitor::SubInfo> page) const {
  const auto& slots = hub().by_slot();
  if (conn.position >= slots.size() || slots[conn.position] == nullptr) return 0;
  const session::Client& client = *slots[conn.position];
  if (client.cid != conn.cid || client.phase != session::ClientPhase::kOpen) return 0;
  size_t filled = 0;
  size_t at = *cursor;
  bool more = true;
  while (more && filled < page.size()) {
    more = client.sids.Visit(&at, page.size() - filled,
                             [&](subject::SubRef ref) { hub().FillSubInfo(ref, &page[filled++]); });
  }
  *cursor = at;
  return filled;
}

void Server::Impl::WantRtt(const monitor::ConnInfo& conn) {
  const auto& slots = hub().by_slot();
  if (conn.position < slots.size() && slots[conn.position] != nullptr &&
      slots[conn.position]->cid == conn.cid) {
    hub_->SendRttPing(slots[conn.position].get());
  }
}

}  // namespace dunlin
