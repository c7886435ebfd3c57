// /: the pages there are, with links, for a person with a browser. ASCII only.
#include "engine/monitor/monitor.h"
#include "engine/monitor/pages.h"

namespace dunlin::monitor {
namespace {

struct Link {
  std::string_view path;
  std::string_view title;
};

constexpr Link kLinks[] = {
    {"/varz", "General"},      {"/jsz", "JetStream"},          {"/connz", "Connections"},
    {"/accountz", "Accounts"}, {"/accstatz", "Account Stats"}, {"/subsz", "Subscriptions"},
    {"/routez", "Routes"},     {"/leafz", "LeafNodes"},        {"/gatewayz", "Gateways"},
    {"/raftz", "Raft Groups"}, {"/healthz", "Health Probe"},   {"/debug/vars", "Expvar"},
};

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Dunlin</title>
<style>
body { font-family: system-ui, sans-serif; margin: 2em; color: #223 }
h1 { font-weight: 500 }
li { margin: 0.4em 0 }
a { color: #136; text-decoration: none }
a:hover { text-decoration: underline }
code, small { color: #889 }
</style>
</head>
<body>
)";

}  // namespace

// The base path is the operator's own word, from the config; what is no plain path is not linked
// to.
Page RootPage(const ServerFacts& facts, std::string_view base_path) {
  while (base_path.starts_with('/')) base_path.remove_prefix(1);
  while (base_path.ends_with('/')) base_path.remove_suffix(1);
  constexpr std::string_view kOdd = "\"'<>&";
  if (base_path.find_first_of(kOdd) != std::string_view::npos) base_path = {};
  // Relative, so that it works behind a proxy that adds a path: '/nats' links to './nats/varz'.
  std::string prefix = ".";
  if (!base_path.empty()) prefix.append("/").append(base_path);

  std::string body(kHead);
  body.append("<h1>Dunlin <small>speaks for nats-server v").append(facts.version);
  body.append("</small></h1>\n<ul>\n");
  for (const Link& link : kLinks) {
    body.append("<li><a href=\"").append(prefix).append(link.path).append("\">");
    body.append(link.title).append("</a> <code>").append(link.path).append("</code></li>\n");
  }
  body += "</ul>\n</body>\n</html>\n";
  return {200, kHtmlType, std::move(body), {}};
}

}  // namespace dunlin::monitor
