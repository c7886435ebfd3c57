#include "engine/monitor/conn_json.h"

namespace dunlin::monitor {

void StringUnlessEmpty(std::string_view key, std::string_view value, JsonOut* json) {
  if (!value.empty()) json->String(key, value);
}

void IntUnlessZero(std::string_view key, int64_t value, JsonOut* json) {
  if (value != 0) json->Int(key, value);
}

Duration ShownRtt(Duration rtt) {
  if (rtt > Micros(1) && rtt < Millis(1)) return rtt - Nanos(rtt.ns % 1'000);
  return rtt;
}

void BeginConn(const ConnInfo& info, const ClosedConn* closed, ShowAuth auth, JsonOut* json) {
  json->BeginObject();
  json->Uint("cid", info.cid);
  StringUnlessEmpty("kind", info.kind, json);
  StringUnlessEmpty("type", info.type, json);
  json->String("ip", info.ip);
  json->Int("port", info.port);
  json->String("start", FormatRfc3339(info.start));
  json->String("last_activity", FormatRfc3339(info.last_activity));
  if (closed != nullptr) {
    json->String("stop", FormatRfc3339(closed->stop()));
    json->String("reason", CloseReasonText(closed->reason()));
  }
  json->String("rtt", FormatDuration(ShownRtt(info.rtt)));
  json->String("uptime", FormatUptime(info.uptime));
  json->String("idle", FormatUptime(info.idle));
  json->Int("pending_bytes", info.pending_bytes);
  json->Int("in_msgs", info.in_msgs);
  json->Int("out_msgs", info.out_msgs);
  json->Int("in_bytes", info.in_bytes);
  json->Int("out_bytes", info.out_bytes);
  IntUnlessZero("stalls", info.stalls, json);
  json->Uint("subscriptions", info.subscriptions);
  StringUnlessEmpty("name", info.name, json);
  StringUnlessEmpty("lang", info.lang, json);
  StringUnlessEmpty("version", info.version, json);
  StringUnlessEmpty("tls_version", info.tls_version, json);
  StringUnlessEmpty("tls_cipher_suite", info.tls_cipher_suite, json);
  if (auth == ShowAuth::kNo) return;
  StringUnlessEmpty("authorized_user", info.user, json);
  if (info.account != kGlobalAccount) StringUnlessEmpty("account", info.account, json);
}

void EndConn(const ConnInfo& info, const ClosedConn* closed, ShowAuth auth, JsonOut* json) {
  // Of a closed connection the reference has the tag of an account other than the global one only.
  const bool tagged = closed == nullptr || info.account != kGlobalAccount;
  if (auth == ShowAuth::kYes && tagged) StringUnlessEmpty("name_tag", info.account, json);
  StringUnlessEmpty("mqtt_client", info.mqtt_client, json);
  json->EndObject();
}

void WriteSub(const SubInfo& sub, uint64_t cid, std::string_view account, JsonOut* json) {
  json->BeginObject();
  StringUnlessEmpty("account", account, json);
  StringUnlessEmpty("account_tag", account, json);
  json->String("subject", sub.subject);
  StringUnlessEmpty("qgroup", sub.queue, json);
  json->String("sid", sub.sid);
  json->Int("msgs", sub.msgs);
  IntUnlessZero("max", sub.max, json);
  json->Uint("cid", cid);
  json->EndObject();
}

void WriteSublistStats(const subject::SublistStats& stats, JsonOut* json) {
  json->Uint("num_subscriptions", stats.num_subscriptions);
  json->Uint("num_cache", stats.num_cache);
  json->Uint("num_inserts", stats.num_inserts);
  json->Uint("num_removes", stats.num_removes);
  json->Uint("num_matches", stats.num_matches);
  json->Double("cache_hit_rate", stats.CacheHitRate());
  json->Uint("max_fanout", stats.max_fanout);
  json->Double("avg_fanout", stats.AvgFanout());
}

}  // namespace dunlin::monitor
