// /varz: the whole server on one page.
#include "engine/base/json_out.h"
#include "engine/monitor/conn_json.h"
#include "engine/monitor/pages.h"

namespace dunlin::monitor {
namespace {

// Seconds that a TLS handshake may take. TLS is to come; the reference shows its default all the
// same.
constexpr int kTlsTimeoutDefault = 2;

// The flags that the reference knows. It shows all of them, and of the config no others.
constexpr std::string_view kFeatureFlags[] = {"js_ack_fc_v2", "js_raft_delete_range"};

double InSeconds(Duration d) { return static_cast<double>(d.ns) / 1e9; }

std::string_view WriteTimeoutName(config::WriteTimeoutPolicy policy) {
  switch (policy) {
    case config::WriteTimeoutPolicy::kDefault: return {};
    case config::WriteTimeoutPolicy::kClose: return "close";
    case config::WriteTimeoutPolicy::kRetry: return "retry";
  }
  return {};
}

template <typename Strings>
void StringsUnlessEmpty(std::string_view key, const Strings& values, JsonOut* json) {
  if (values.empty()) return;
  json->BeginArray(key);
  for (const auto& value : values) json->String(value);
  json->EndArray();
}

void WriteIdentity(const ServerFacts& facts, JsonOut* json) {
  json->String("server_id", facts.server_id);
  json->String("server_name", facts.server_name);
  json->String("version", facts.version);
  json->Int("proto", facts.proto);
  StringUnlessEmpty("git_commit", facts.git_commit, json);
  json->String("go", facts.go_version);
  json->String("host", facts.host.empty() ? facts.options->host : facts.host);
  json->Int("port", facts.port);
  if (facts.auth_required) json->Bool("auth_required", true);
  StringUnlessEmpty("ip", facts.ip, json);
  StringsUnlessEmpty("connect_urls", facts.connect_urls, json);
}

void WriteLimits(const ServerFacts& facts, JsonOut* json) {
  const config::Options& options = *facts.options;
  json->Int("max_connections", options.max_connections);
  IntUnlessZero("max_subscriptions", options.max_subscriptions, json);
  json->Int("ping_interval", options.ping_interval.ns);
  json->Int("ping_max", options.ping_max);
  json->String("http_host", options.http_host.empty() ? options.host : options.http_host);
  json->Int("http_port", options.http_port);
  json->String("http_base_path", options.http_base_path);
  json->Int("https_port", 0);
  json->Double("auth_timeout", InSeconds(options.auth_timeout));
  json->Int("max_control_line", options.max_control_line);
  json->Int("max_payload", options.max_payload);
  json->Int("max_pending", options.max_pending);
  for (const char* feature : {"cluster", "gateway", "leaf", "mqtt", "websocket", "jetstream"}) {
    json->BeginObject(feature);
    json->EndObject();
  }
  json->Int("tls_timeout", kTlsTimeoutDefault);
  json->Int("write_deadline", options.write_deadline.ns);
  StringUnlessEmpty("write_timeout", WriteTimeoutName(options.write_timeout), json);
}

void WriteProcess(const ServerFacts& facts, JsonOut* json) {
  json->String("start", FormatRfc3339(facts.start));
  json->String("now", FormatRfc3339(facts.now.wall));
  json->String("uptime", FormatUptime(facts.uptime));
  json->Int("mem", facts.mem);
  json->Int("cores", facts.cores);
  json->Int("gomaxprocs", facts.max_procs);
  IntUnlessZero("gomemlimit", facts.memory_limit_bytes, json);
  json->Double("cpu", facts.cpu);
}

void WriteTotals(const ServerFacts& facts, JsonOut* json) {
  json->Int("connections", facts.connections);
  json->Uint("total_connections", facts.total_connections);
  json->Int("routes", 0);
  json->Int("remotes", 0);
  json->Int("leafnodes", 0);
  json->Int("in_msgs", facts.in.msgs);
  json->Int("in_bytes", facts.in.bytes);
  json->Int("in_client_msgs", facts.in_client.msgs);
  json->Int("in_client_bytes", facts.in_client.bytes);
  json->Int("out_msgs", facts.out.msgs);
  json->Int("out_bytes", facts.out.bytes);
  json->Int("out_client_msgs", facts.out_client.msgs);
  json->Int("out_client_bytes", facts.out_client.bytes);
  json->Int("slow_consumers", facts.slow_consumers);
  json->Int("stale_connections", facts.stale_connections);
  json->Int("stalled_clients", facts.stalled_clients);
  uint64_t subscriptions = 0;
  for (const AccountFacts& account : facts.accounts)
    subscriptions += account.subs.num_subscriptions;
  json->Uint("subscriptions", subscriptions);
}

void WriteConfig(const ServerFacts& facts, JsonOut* json) {
  const config::Options& options = *facts.options;
  json->String("config_load_time", FormatRfc3339(facts.config_load_time));
  json->String("config_digest", options.config_digest);
  StringsUnlessEmpty("tags", options.tags, json);
  if (!options.metadata.empty()) {
    json->BeginObject("metadata");
    for (const auto& [key, value] : options.metadata) json->String(key, value);
    json->EndObject();
  }
  json->BeginObject("feature_flags");
  for (const std::string_view flag : kFeatureFlags) {
    const auto set = options.feature_flags.find(std::string(flag));
    json->Bool(flag, set != options.feature_flags.end() && set->second);
  }
  json->EndObject();
  StringUnlessEmpty("system_account", facts.system_account, json);
}

void WriteCounts(std::string_view key, const CountByKind& counts, JsonOut* json) {
  json->BeginObject(key);
  json->Uint("clients", counts.clients);
  json->Uint("routes", counts.routes);
  json->Uint("gateways", counts.gateways);
  json->Uint("leafs", counts.leafs);
  json->EndObject();
}

}  // namespace

Page VarzPage(const ServerFacts& facts, const RequestCounts& requests) {
  std::string body;
  JsonOut json(&body, JsonStyle::kIndent2);
  json.BeginObject();
  WriteIdentity(facts, &json);
  WriteLimits(facts, &json);
  WriteProcess(facts, &json);
  WriteTotals(facts, &json);
  json.BeginObject("http_req_stats");
  for (const auto& [path, count] : requests) json.Uint(path, count);
  json.EndObject();
  WriteConfig(facts, &json);
  WriteCounts("slow_consumer_stats", facts.slow_consumer_stats, &json);
  WriteCounts("stale_connection_stats", facts.stale_connection_stats, &json);
  json.BeginObject("disk_io_wait_stats");
  for (const char* name : {"waiters", "waits", "wait_time", "max_wait_time"}) json.Int(name, 0);
  json.EndObject();
  json.EndObject();
  return JsonPage(std::move(body));
}

}  // namespace dunlin::monitor
