#include "engine/config/schema.h"

#include <algorithm>
#include <array>

#include "engine/config/field_readers.h"
#include "engine/config/host_port.h"

namespace dunlin::config {
namespace {

constexpr auto kFields = std::to_array<Field>({
    // Where to listen, and under which name.
    {"listen", ReadListen},
    {"host", &Options::host},
    {"net", &Options::host},
    {"port", &Options::port},
    {"client_advertise", &Options::client_advertise},
    {"server_name", ReadServerName},
    {"server_tags", ReadServerTags},
    {"server_metadata", ReadServerMetadata},
    {"feature_flags", ReadFeatureFlags},
    {"http", ReadHttp},
    {"http_port", &Options::http_port},
    {"monitor_port", &Options::http_port},
    {"http_base_path", &Options::http_base_path},
    {"https", MissingFeature{"TLS"}},
    {"https_port", MissingFeature{"TLS", Off::kZero}},

    // Logging.
    {"debug", &Options::debug},
    {"trace", &Options::trace},
    {"trace_verbose", ReadTraceVerbose},
    {"trace_headers", ReadTraceHeaders},
    {"logtime", &Options::logtime},
    {"logtime_utc", &Options::logtime_utc},
    {"logfile", &Options::log_file},
    {"log_file", &Options::log_file},
    {"logfile_size_limit", &Options::log_size_limit},
    {"log_size_limit", &Options::log_size_limit},
    {"logfile_max_num", &Options::log_max_files},
    {"log_max_num", &Options::log_max_files},
    {"syslog", &Options::syslog},
    {"remote_syslog", &Options::remote_syslog},
    {"max_traced_msg_len", &Options::max_traced_msg_len},
    {"pidfile", &Options::pid_file},
    {"pid_file", &Options::pid_file},
    {"ports_file_dir", &Options::ports_file_dir},
    {"prof_port", MissingFeature{"profiling", Off::kZero}},
    {"prof_block_rate", MissingFeature{"profiling", Off::kZero}},

    // Limits.
    {"max_control_line", ReadMaxControlLine},
    {"max_payload", ReadMaxPayload},
    {"max_pending", &Options::max_pending},
    {"max_connections", ReadMaxConnections},
    {"max_conn", ReadMaxConnections},
    {"max_subscriptions", &Options::max_subscriptions},
    {"max_subs", &Options::max_subscriptions},
    {"max_sub_tokens", ReadMaxSubTokens},
    {"max_subscription_tokens", ReadMaxSubTokens},
    {"max_closed_clients", &Options::max_closed_clients},
    {"no_fast_producer_stall", &Options::no_fast_producer_stall},
    {"no_header_support", &Options::no_header_support},
    {"disable_sublist_cache", &Options::no_sublist_cache},
    {"no_sublist_cache", &Options::no_sublist_cache},

    // Time.
    {"ping_interval", ReadPingInterval},
    {"ping_max", &Options::ping_max},
    {"write_deadline", ReadWriteDeadline},
    {"write_timeout", ReadWriteTimeout},
    {"lame_duck_duration", ReadLameDuckDuration},
    {"lame_duck_grace_period", ReadLameDuckGracePeriod},

    // Who may connect.
    {"authorization", ReadAuthorization},
    {"no_auth_user", MissingFeature{"users"}},
    {"accounts", MissingFeature{"accounts"}},
    {"mappings", MissingFeature{"subject mappings"}},
    {"maps", MissingFeature{"subject mappings"}},
    {"no_system_account", ReadNoSystemAccount},
    {"no_system", ReadNoSystemAccount},
    {"no_sys_acc", ReadNoSystemAccount},
    {"system_account", MissingFeature{"system account"}},
    {"system", MissingFeature{"system account"}},
    {"default_sentinel", MissingFeature{"operator mode"}},
    {"operator", MissingFeature{"operator mode"}},
    {"operators", MissingFeature{"operator mode"}},
    {"roots", MissingFeature{"operator mode"}},
    {"root", MissingFeature{"operator mode"}},
    {"root_operators", MissingFeature{"operator mode"}},
    {"root_operator", MissingFeature{"operator mode"}},
    {"trusted", MissingFeature{"operator mode"}},
    {"trusted_keys", MissingFeature{"operator mode"}},
    {"resolver", MissingFeature{"account resolver"}},
    {"account_resolver", MissingFeature{"account resolver"}},
    {"accounts_resolver", MissingFeature{"account resolver"}},
    {"resolver_tls", MissingFeature{"account resolver"}},
    {"resolver_preload", MissingFeature{"account resolver"}},
    {"resolver_pinned_accounts", MissingFeature{"account resolver"}},

    // Other listeners and protocols.
    {"tls", MissingFeature{"TLS"}},
    {"allow_non_tls", MissingFeature{"TLS", Off::kFalse}},
    {"ocsp", MissingFeature{"OCSP", Off::kFalse}},
    {"ocsp_cache", MissingFeature{"OCSP", Off::kFalse}},
    {"proxy_protocol", MissingFeature{"PROXY protocol", Off::kFalse}},
    {"proxies", MissingFeature{"trusted proxies"}},
    {"websocket", MissingFeature{"WebSocket"}},
    {"ws", MissingFeature{"WebSocket"}},
    {"mqtt", MissingFeature{"MQTT"}},
    {"cluster", MissingFeature{"clusters"}},
    {"gateway", MissingFeature{"gateways"}},
    {"leaf", MissingFeature{"leaf nodes"}},
    {"leafnodes", MissingFeature{"leaf nodes"}},
    {"connect_error_reports", MissingFeature{"clusters"}},
    {"reconnect_error_reports", MissingFeature{"clusters"}},
    {"jetstream", MissingFeature{"JetStream", Off::kFalseOrDisabled}},
    {"store_dir", MissingFeature{"JetStream"}},
    {"storedir", MissingFeature{"JetStream"}},
    {"default_js_domain", MissingFeature{"JetStream"}},
});

bool IsOff(const Value& value, Off off) {
  const bool is_false = value.IfBool() != nullptr && !*value.IfBool();
  switch (off) {
    case Off::kNothing: return false;
    case Off::kFalse: return is_false;
    case Off::kZero: return value.IfInteger() != nullptr && *value.IfInteger() == 0;
    case Off::kFalseOrDisabled: break;
  }
  if (value.IfString() == nullptr) return is_false;
  const std::string text = Folded(*value.IfString());
  return text == "disabled" || text == "disable";
}

}  // namespace

std::span<const Field> Fields() { return kFields; }

void ReadField(const Map::Entry& field, Options& options, Complaints& complaints) {
  const auto& [key, value] = field;
  const std::string folded = Folded(key);
  const auto found = std::find_if(kFields.begin(), kFields.end(),
                                  [&](const Field& known) { return known.key == folded; });
  if (found == kFields.end()) return complaints.UnknownField(key, value);

  const FieldTarget& target = found->target;
  if (const auto* missing = std::get_if<MissingFeature>(&target)) {
    if (!IsOff(value, missing->off)) complaints.MissingFeature(key, value, missing->feature);
  } else if (const auto* read = std::get_if<FieldReader>(&target)) {
    (*read)(field, options, complaints);
  } else if (const auto* text = std::get_if<std::string Options::*>(&target)) {
    if (const std::string* given = complaints.String(value)) options.** text = *given;
  } else if (const auto* on = std::get_if<bool Options::*>(&target)) {
    if (const bool* given = complaints.Bool(value)) options.** on = *given;
  } else if (const auto* number = std::get_if<int Options::*>(&target)) {
    if (const int64_t* given = complaints.Integer(value)) options.** number = SaturateToInt(*given);
  } else if (const auto* large = std::get_if<int64_t Options::*>(&target)) {
    if (const int64_t* given = complaints.Integer(value)) options.** large = *given;
  }
}

}  // namespace dunlin::config
