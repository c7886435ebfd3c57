// What monitoring shows of one connection and of one subscription: values with views, filled in for
// the asker and dead at the owner's next change. Empty strings and zeros of optional fields are
// left out of the JSON. The field's JSON name is the member's unless a comment says otherwise.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/time.h"

namespace dunlin::monitor {

// The account that users without one are in.
inline constexpr std::string_view kGlobalAccount = "$G";

struct ConnInfo {
  // Where the source found it: given back to Source::ConnAt() and Source::ListSubs(). Not shown.
  uint64_t position = 0;

  uint64_t cid = 0;
  std::string_view kind = "Client";
  std::string_view type = "nats";
  std::string_view ip;
  int port = 0;
  WallTime start;
  WallTime last_activity;
  Duration rtt;  // 0: not measured yet. Cut to whole microseconds below a millisecond when shown.
  Duration uptime;  // Of a closed connection: until it closed. Both by the monotonic clock.
  Duration idle;
  int64_t pending_bytes = 0;
  int64_t in_msgs = 0;
  int64_t out_msgs = 0;
  int64_t in_bytes = 0;
  int64_t out_bytes = 0;
  int64_t stalls = 0;
  uint32_t subscriptions = 0;
  std::string_view name;  // As CONNECT said; so are lang and version.
  std::string_view lang;
  std::string_view version;
  std::string_view tls_version;
  std::string_view tls_cipher_suite;
  std::string_view mqtt_client;

  // Shown with auth=1 only, but always filled in: user= and acc= filter by them.
  std::string_view
      user;  // 'authorized_user': nkey, user name, JWT key, or '[REDACTED]' for a token.
  std::string_view account;  // Its full name; shown unless it is the global one.
};

struct SubInfo {
  std::string_view subject;
  std::string_view queue;  // 'qgroup'
  std::string_view sid;
  int64_t msgs = 0;  // Delivered so far.
  int64_t max = 0;   // Of UNSUB; 0: none.
};

}  // namespace dunlin::monitor
