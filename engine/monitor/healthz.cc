// /healthz: whether clients can connect. What the reference checks beyond that is JetStream's.
#include "engine/base/json_out.h"
#include "engine/base/quote.h"
#include "engine/monitor/conn_json.h"
#include "engine/monitor/monitor.h"
#include "engine/monitor/pages.h"

namespace dunlin::monitor {
namespace {

struct Fault {
  int status = 200;
  std::string_view type;
  std::string text;
};

Fault FindFault(const ServerFacts& facts, const Query& query) {
  const bool no_account = query.Get("account").empty(), no_stream = query.Get("stream").empty();
  if (no_account && !no_stream) {
    return {400, "BAD_REQUEST", R"("account" must not be empty when checking stream health)"};
  }
  if (no_stream && !query.Get("consumer").empty()) {
    return {400, "BAD_REQUEST", R"("stream" must not be empty when checking consumer health)"};
  }
  if (!facts.accepts_clients) {
    return {500, "CONNECTION", "failed to be ready for connections after 1ms: server"};
  }
  return {};
}

}  // namespace

Page HealthzPage(const ServerFacts& facts, Query* query) {
  const bool js_enabled = query->GetBool("js-enabled");
  for (const char* name : {"js-enabled-only", "js-server-only", "js-meta-only"}) {
    (void)query->GetBool(name);
  }
  const bool details = query->GetBool("details");
  Page page = JsonPage({});
  if (query->failed()) page = ErrorPage(400, query->error());
  if (js_enabled) {
    page.warnings.push_back("Healthcheck: js-enabled deprecated, use js-enabled-only instead");
  }
  if (query->failed()) return page;

  const Fault fault = FindFault(facts, *query);
  page.status = fault.status;
  JsonOut json(&page.body, JsonStyle::kCompact);
  json.BeginObject();
  json.String("status", fault.text.empty() ? "ok" : "error");
  if (!fault.text.empty() && details) {
    json.BeginArray("errors");
    json.BeginObject();
    json.String("type", fault.type);
    json.String("error", fault.text);
    json.EndObject();
    json.EndArray();
    page.warnings.push_back("Healthcheck failed: 1 errors");
  } else if (!fault.text.empty()) {
    json.String("error", fault.text);
    page.warnings.push_back("Healthcheck failed: " + GoQuote(fault.text));
  }
  json.EndObject();
  return page;
}

}  // namespace dunlin::monitor
