#include "engine/monitor/close_reason.h"

#include <array>

#include "engine/base/check.h"

namespace dunlin::monitor {
namespace {

constexpr std::array<std::string_view, kCloseReasonCount> kTexts = {
    "Client Closed",
    "Authentication Timeout",
    "Authentication Failure",
    "TLS Handshake Failure",
    "Slow Consumer (Pending Bytes)",
    "Slow Consumer (Write Deadline)",
    "Write Error",
    "Read Error",
    "Parse Error",
    "Stale Connection",
    "Protocol Violation",
    "Bad Client Protocol Version",
    "Incorrect Port",
    "Maximum Account Connections Exceeded",
    "Maximum Connections Exceeded",
    "Maximum Message Payload Exceeded",
    "Maximum Control Line Exceeded",
    "Maximum Subscriptions Exceeded",
    "Duplicate Route",
    "Route Removed",
    "Server Shutdown",
    "Authentication Expired",
    "Wrong Gateway",
    "Missing Account",
    "Credentials Revoked",
    "Internal Client",
    "Message Header Violation",
    "No Responders Requires Headers",
    "Cluster Name Conflict",
    "Duplicate Remote LeafNode Connection",
    "Duplicate Client ID",
    "Duplicate Server Name",
    "Minimum Version Required",
    "Cluster Names Identical",
    "Kicked",
    "Proxy Not Trusted",
    "Proxy Required",
};
static_assert(static_cast<int>(CloseReason::kProxyRequired) == kCloseReasonCount - 1);

}  // namespace

std::string_view CloseReasonText(CloseReason reason) {
  const size_t index = static_cast<size_t>(reason);
  CHECK(index < kTexts.size());
  return kTexts[index];
}

int CloseReasonRank(CloseReason reason) {
  const std::string_view text = CloseReasonText(reason);
  int rank = 0;
  for (const std::string_view other : kTexts) rank += other < text;
  return rank;
}

}  // namespace dunlin::monitor
