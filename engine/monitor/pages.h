// The pages that are made in one go: small, whatever the server holds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/monitor/query.h"
#include "engine/monitor/source.h"

namespace dunlin::monitor {

// How often each page was asked for, by its path: 'http_req_stats'.
using RequestCounts = std::map<std::string, uint64_t, std::less<>>;

struct Page {
  int status = 200;
  const char* content_type;  // A literal.
  std::string body;
  std::vector<std::string> warnings;
};

[[nodiscard]] Page JsonPage(std::string body);
// Plain text with an error status; told apart from other bytes as the reference guesses a type.
[[nodiscard]] Page ErrorPage(int status, std::string text);

// '/': what there is, with links. 'base_path' is http_base_path as configured.
[[nodiscard]] Page RootPage(const ServerFacts& facts, std::string_view base_path);
[[nodiscard]] Page VarzPage(const ServerFacts& facts, const RequestCounts& requests);
[[nodiscard]] Page HealthzPage(const ServerFacts& facts, Query* query);
[[nodiscard]] Page AccountzPage(const ServerFacts& facts, Query* query);
[[nodiscard]] Page AccountStatzPage(const ServerFacts& facts, Query* query);

// Of what this server does not have: as the reference answers when it is switched off.
[[nodiscard]] Page RoutezPage(const ServerFacts& facts);
[[nodiscard]] Page GatewayzPage(const ServerFacts& facts, Query* query);
[[nodiscard]] Page LeafzPage(const ServerFacts& facts, Query* query);
[[nodiscard]] Page JszPage(const ServerFacts& facts, Query* query);
[[nodiscard]] Page IpQueueszPage(Query* query);
[[nodiscard]] Page RaftzPage();

// Of what only a Go program has: a word on it, and what of it means something here.
[[nodiscard]] Page StackszPage();
[[nodiscard]] Page ExpvarPage(const ServerFacts& facts);

}  // namespace dunlin::monitor
