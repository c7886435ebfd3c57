// Readers of the fields that are more than one plain value: checks, conversions, blocks. Each takes
// one top-level entry of a file and sets its options, or complains in the reference's words.
#pragma once

#include <string>
#include <string_view>

#include "engine/config/complaints.h"
#include "engine/config/options.h"
#include "engine/config/value.h"

namespace dunlin::config {

// In lower case (ASCII): files may write their keys in any.
[[nodiscard]] std::string Folded(std::string_view key);

void ReadListen(const Map::Entry& field, Options& options, Complaints& complaints);
void ReadHttp(const Map::Entry& field, Options& options, Complaints& complaints);
void ReadServerName(const Map::Entry& field, Options& options, Complaints& complaints);
void ReadServerTags(const Map::Entry& field, Options& options, Complaints& complaints);
void ReadServerMetadata(const Map::Entry& field, Options& options, Complaints& complaints);
void ReadFeatureFlags(const Map::Entry& field, Options& options, Complaints& complaints);

// The finer kinds of tracing switch tracing itself, too: on and off.
void ReadTraceVerbose(const Map::Entry& field, Options& options, Complaints& complaints);
void ReadTraceHeaders(const Map::Entry& field, Options& options, Complaints& complaints);

void ReadMaxControlLine(const Map::Entry& field, Options& options, Complaints& complaints);
void ReadMaxPayload(const Map::Entry& field, Options& options, Complaints& complaints);
void ReadMaxConnections(const Map::Entry& field, Options& options, Complaints& complaints);
void ReadMaxSubTokens(const Map::Entry& field, Options& options, Complaints& complaints);

void ReadPingInterval(const Map::Entry& field, Options& options, Complaints& complaints);
void ReadWriteDeadline(const Map::Entry& field, Options& options, Complaints& complaints);
void ReadWriteTimeout(const Map::Entry& field, Options& options, Complaints& complaints);
void ReadLameDuckDuration(const Map::Entry& field, Options& options, Complaints& complaints);
void ReadLameDuckGracePeriod(const Map::Entry& field, Options& options, Complaints& complaints);

// The block 'authorization { user, password, token, timeout }'.
void ReadAuthorization(const Map::Entry& field, Options& options, Complaints& complaints);

// There is no system account in this version, so doing without is what both values get.
void ReadNoSystemAccount(const Map::Entry& field, Options& options, Complaints& complaints);

}  // namespace dunlin::config
