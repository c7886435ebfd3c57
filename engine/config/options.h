// What a server is told to do: the options that this version carries out, with the reference's
// defaults.
//
// Filled by LoadFile() and ApplyFlags(), completed and checked by Finish(); or by hand in tests.
// Plain data. An option that the reference knows and that is absent here is refused by the loader
// with an error that names it. Before Finish() a zero in a field whose default is not zero means
// the default.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/base/time.h"

namespace dunlin::config {

// What happens to a client that does not take its data before write_deadline.
enum class WriteTimeoutPolicy : uint8_t { kDefault, kClose, kRetry };

struct Options {
  std::string config_file;
  std::string config_digest;  // 'sha256:' and 64 hex digits; empty without a file.
  std::string server_name;    // Empty: the server id.
  std::string host = "0.0.0.0";
  int64_t port = 4222;  // -1: any free port. Checked when it is listened on.
  bool dont_listen = false;
  std::string client_advertise;  // 'host' or 'host:port'; empty: none.

  // Logging.
  bool debug = false;
  bool trace = false;
  bool trace_verbose = false;
  bool trace_headers = false;  // Trace only the header part of messages.
  bool logtime = true;
  bool logtime_utc = false;
  bool no_log = false;
  std::string log_file;
  int64_t log_size_limit = 0;  // Bytes; 0: never rotate.
  int64_t log_max_files = 0;   // Rotated files kept; 0: all.
  bool syslog = false;
  std::string remote_syslog;
  int max_traced_msg_len = 0;  // Bytes of a payload that are traced; 0: all.

  // Files for whoever started us.
  std::string pid_file;
  std::string ports_file_dir;

  // Monitoring.
  std::string http_host;       // Empty: 'host', which Finish() puts here.
  int64_t http_port = 0;       // 0: off. -1: any free port.
  std::string http_base_path;  // As configured; empty: '/'.

  // A single user or token. Accounts and user lists are for later.
  std::string username;
  std::string password;
  std::string authorization;  // The token.
  Duration auth_timeout = Seconds(2);

  // Limits.
  int max_connections = 64 * 1024;  // Negative: none at all.
  int max_subscriptions = 0;        // Per connection; 0: no limit.
  int max_subscription_tokens = 0;  // Tokens in a subject; 0: no limit. At most 255.
  int32_t max_control_line = 4096;
  int32_t max_payload = 1024 * 1024;
  int64_t max_pending = 64 * 1024 * 1024;
  int max_closed_clients = 10'000;

  // Time.
  Duration ping_interval = Minutes(2);
  int ping_max = 2;
  Duration write_deadline = Seconds(10);
  WriteTimeoutPolicy write_timeout = WriteTimeoutPolicy::kDefault;
  Duration lame_duck_duration = Minutes(2);
  Duration lame_duck_grace_period = Seconds(10);

  bool no_header_support = false;
  bool no_fast_producer_stall = false;
  bool no_sublist_cache = false;
  bool disable_short_first_ping = false;

  std::vector<std::string> tags;
  std::map<std::string, std::string> metadata;
  std::map<std::string, bool> feature_flags;
};

}  // namespace dunlin::config
