// Connections and subscriptions as JSON objects, field by field as the reference has them.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/json_out.h"
#include "engine/monitor/closed_ring.h"
#include "engine/monitor/conn_info.h"
#include "engine/subject/sublist.h"

namespace dunlin::monitor {

// Whether a listing shows who is logged in.
enum class ShowAuth : uint8_t { kNo, kYes };

// Opens the object and writes what comes before the list of subscriptions. 'closed' is null for an
// open connection; else 'info' is its info.
void BeginConn(const ConnInfo& info, const ClosedConn* closed, ShowAuth auth, JsonOut* json);

// Writes what comes after it, and closes the object.
void EndConn(const ConnInfo& info, const ClosedConn* closed, ShowAuth auth, JsonOut* json);

// One element of a detailed list. 'account': empty where the list does not name it.
void WriteSub(const SubInfo& sub, uint64_t cid, std::string_view account, JsonOut* json);

// The members of a subject index's state, into the object that is open.
void WriteSublistStats(const subject::SublistStats& stats, JsonOut* json);

// As shown: below a millisecond in whole microseconds.
[[nodiscard]] Duration ShownRtt(Duration rtt);

// Members that are left out when they say nothing.
void StringUnlessEmpty(std::string_view key, std::string_view value, JsonOut* json);
void IntUnlessZero(std::string_view key, int64_t value, JsonOut* json);

}  // namespace dunlin::monitor
