// Why a connection was closed, in the words that /connz and disconnect events show.
#pragma once

#include <cstdint>
#include <string_view>

namespace dunlin::monitor {

enum class CloseReason : uint8_t {
  kClientClosed,
  kAuthenticationTimeout,
  kAuthenticationViolation,
  kTlsHandshakeError,
  kSlowConsumerPendingBytes,
  kSlowConsumerWriteDeadline,
  kWriteError,
  kReadError,
  kParseError,
  kStaleConnection,
  kProtocolViolation,
  kBadClientProtocolVersion,
  kWrongPort,
  kMaxAccountConnectionsExceeded,
  kMaxConnectionsExceeded,
  kMaxPayloadExceeded,
  kMaxControlLineExceeded,
  kMaxSubscriptionsExceeded,
  kDuplicateRoute,
  kRouteRemoved,
  kServerShutdown,
  kAuthenticationExpired,
  kWrongGateway,
  kMissingAccount,
  kRevocation,
  kInternalClient,
  kMsgHeaderViolation,
  kNoRespondersRequiresHeaders,
  kClusterNameConflict,
  kDuplicateRemoteLeafnode,
  kDuplicateClientId,
  kDuplicateServerName,
  kMinimumVersionRequired,
  kClusterNamesIdentical,
  kKicked,
  kProxyNotTrusted,
  kProxyRequired,
};
inline constexpr int kCloseReasonCount = 37;

// 'Slow Consumer (Pending Bytes)'.
[[nodiscard]] std::string_view CloseReasonText(CloseReason reason);

// The place of 'reason' among all, ordered by their texts: what sort=reason sorts by.
[[nodiscard]] int CloseReasonRank(CloseReason reason);

}  // namespace dunlin::monitor
