#include "engine/monitor/pages.h"

#include <algorithm>

#include "engine/base/json_out.h"
#include "engine/monitor/conn_json.h"
#include "engine/monitor/connz.h"
#include "engine/monitor/monitor.h"

namespace dunlin::monitor {
namespace {

// Opens the document with what most pages begin with.
void BeginPage(const ServerFacts& facts, JsonOut* json) {
  json->BeginObject();
  json->String("server_id", facts.server_id);
  json->String("now", FormatRfc3339(facts.now.wall));
}

void WriteTraffic(std::string_view key, const Traffic& traffic, JsonOut* json) {
  json->BeginObject(key);
  json->Int("msgs", traffic.msgs);
  json->Int("bytes", traffic.bytes);
  for (const char* kind : {"gateways", "routes", "leafs"}) {
    json->BeginObject(kind);
    json->Int("msgs", 0);
    json->Int("bytes", 0);
    json->EndObject();
  }
  json->EndObject();
}

void WriteAccountStat(const AccountFacts& account, JsonOut* json) {
  json->BeginObject();
  json->String("acc", account.name);
  json->String("name", account.name);
  json->Int("conns", account.connections);
  json->Int("leafnodes", account.leafnodes);
  json->Int("total_conns", account.total_connections);
  json->Uint("num_subscriptions", account.subs.num_subscriptions);
  WriteTraffic("sent", account.sent, json);
  WriteTraffic("received", account.received, json);
  json->Int("slow_consumers", account.slow_consumers);
  json->EndObject();
}

void WriteAccountDetail(const AccountFacts& account, JsonOut* json) {
  json->BeginObject("account_detail");
  json->String("account_name", account.name);
  json->String("update_time", FormatRfc3339(account.updated));
  if (account.is_system) json->Bool("is_system", true);
  json->Bool("expired", false);
  json->Bool("complete", true);
  json->Bool("jetstream_enabled", false);
  json->Int("leafnode_connections", account.leafnodes);
  json->Int("client_connections", account.connections);
  json->Uint("subscriptions", account.subs.num_subscriptions);
  json->String("name_tag", account.name);
  json->BeginObject("sublist_stats");
  WriteSublistStats(account.subs, json);
  json->EndObject();
  json->EndObject();
}

}  // namespace

Page JsonPage(std::string body) { return {200, kJsonType, std::move(body), {}}; }

Page ErrorPage(int status, std::string text) {
  const std::string_view start = std::string_view(text).substr(0, 512);
  const bool binary = std::any_of(start.begin(), start.end(), [](char c) {
    const uint8_t byte = static_cast<uint8_t>(c);
    return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\f' && byte != '\r' &&
           byte != 0x1b;
  });
  return {status, binary ? kBytesType : kTextType, std::move(text), {}};
}

Page AccountzPage(const ServerFacts& facts, Query* query) {
  std::string body;
  JsonOut json(&body, JsonStyle::kIndent2);
  BeginPage(facts, &json);
  StringUnlessEmpty("system_account", facts.system_account, &json);
  const std::string_view name = query->Get("acc");
  if (name.empty()) {
    if (!facts.accounts.empty()) {
      json.BeginArray("accounts");
      for (const AccountFacts& account : facts.accounts) json.String(account.name);
      json.EndArray();
    }
  } else {
    const auto found = std::find_if(facts.accounts.begin(), facts.accounts.end(),
                                    [&](const AccountFacts& a) { return a.name == name; });
    if (found == facts.accounts.end()) {
      return ErrorPage(400, "Account " + std::string(name) + " does not exist");
    }
    WriteAccountDetail(*found, &json);
  }
  json.EndObject();
  return JsonPage(std::move(body));
}

Page AccountStatzPage(const ServerFacts& facts, Query* query) {
  const bool unused_too = query->GetBool("unused");
  if (query->failed()) return ErrorPage(400, query->error());
  std::string body;
  JsonOut json(&body, JsonStyle::kIndent2);
  BeginPage(facts, &json);
  json.BeginArray("account_statz");
  for (const AccountFacts& account : facts.accounts) {
    if (unused_too || account.connections != 0 || account.leafnodes != 0) {
      WriteAccountStat(account, &json);
    }
  }
  json.EndArray();
  json.EndObject();
  return JsonPage(std::move(body));
}

Page RoutezPage(const ServerFacts& facts) {
  std::string body;
  JsonOut json(&body, JsonStyle::kIndent2);
  json.BeginObject();
  json.String("server_id", facts.server_id);
  json.String("server_name", facts.server_name);
  json.String("now", FormatRfc3339(facts.now.wall));
  json.Int("num_routes", 0);
  json.BeginArray("routes");
  json.EndArray();
  json.EndObject();
  return JsonPage(std::move(body));
}

Page GatewayzPage(const ServerFacts& facts, Query* query) {
  (void)ReadSubsShown(query);
  (void)query->GetBool("accs");
  if (query->failed()) return ErrorPage(400, query->error());
  std::string body;
  JsonOut json(&body, JsonStyle::kIndent2);
  BeginPage(facts, &json);
  for (const char* direction : {"outbound_gateways", "inbound_gateways"}) {
    json.BeginObject(direction);
    json.EndObject();
  }
  json.EndObject();
  return JsonPage(std::move(body));
}

Page LeafzPage(const ServerFacts& facts, Query* query) {
  (void)query->GetBool("subs");
  if (query->failed()) return ErrorPage(400, query->error());
  std::string body;
  JsonOut json(&body, JsonStyle::kIndent2);
  BeginPage(facts, &json);
  json.Int("leafnodes", 0);
  json.BeginArray("leafs");
  json.EndArray();
  json.EndObject();
  return JsonPage(std::move(body));
}

Page JszPage(const ServerFacts& facts, Query* query) {
  for (const char* name : {"accounts", "streams", "consumers", "direct-consumers", "config"}) {
    (void)query->GetBool(name);
  }
  (void)query->GetInt("offset");
  (void)query->GetInt("limit");
  const bool leader_only = query->GetBool("leader-only");
  (void)query->GetBool("raft");
  (void)query->GetBool("stream-leader-only");
  if (leader_only) query->SetError("filtered response: not leader");
  if (query->failed()) return ErrorPage(400, query->error());

  std::string body;
  JsonOut json(&body, JsonStyle::kIndent2);
  json.BeginObject();
  for (const char* name :
       {"memory", "storage", "reserved_memory", "reserved_storage", "accounts", "ha_assets"}) {
    json.Int(name, 0);
  }
  json.BeginObject("api");
  for (const char* name : {"level", "total", "errors"}) json.Int(name, 0);
  json.EndObject();
  json.String("server_id", facts.server_id);
  json.String("now", FormatRfc3339(facts.now.wall));
  json.Bool("disabled", true);
  json.BeginObject("config");
  for (const char* name : {"max_memory", "max_storage"}) json.Int(name, 0);
  json.EndObject();
  for (const char* name : {"streams", "consumers", "messages", "bytes", "total"}) {
    json.Int(name, 0);
  }
  json.EndObject();
  return JsonPage(std::move(body));
}

Page IpQueueszPage(Query* query) {
  (void)query->GetBool("all");
  if (query->failed()) return ErrorPage(400, query->error());
  return JsonPage("{}");  // Queues between threads: there are none.
}

Page RaftzPage() { return ErrorPage(404, "No Raft nodes registered"); }

Page StackszPage() { return JsonPage("one thread, no goroutines\n"); }

// Go's variables of the process. The command line is not told: a password may stand in it (advisory
// 2026-14).
Page ExpvarPage(const ServerFacts& facts) {
  std::string memory;
  JsonOut json(&memory, JsonStyle::kCompact);
  json.BeginObject();
  for (const char* name : {"Alloc", "Sys", "HeapAlloc", "HeapSys"}) json.Int(name, facts.mem);
  json.EndObject();
  return {200, kJsonUtf8Type, "{\n\"cmdline\": [],\n\"memstats\": " + memory + "\n}\n", {}};
}

}  // namespace dunlin::monitor
