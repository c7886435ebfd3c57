#include "tests/differential/session.h"

#include "engine/base/quote.h"
#include "tests/differential/operations.h"

namespace dunlin::differential {
namespace {

config::Options Small() {
  config::Options options;
  options.host = "127.0.0.1";
  options.port = -1;
  options.auth_timeout = Seconds(60);  // Sessions are to end by what clients do, not by time.
  return options;
}

std::vector<ServerConfig> MakeConfigs() {
  std::vector<ServerConfig> configs;
  configs.push_back({"as it comes", Small()});
  configs.push_back({"small payloads", Small()});
  configs.back().options.max_payload = 100;
  configs.push_back({"short lines", Small()});
  configs.back().options.max_control_line = 128;
  configs.push_back({"few subscriptions", Small()});
  configs.back().options.max_subscriptions = 3;
  configs.push_back({"few tokens", Small()});
  configs.back().options.max_subscription_tokens = 2;
  configs.push_back({"a token", Small()});
  configs.back().options.authorization = "s3cr3t";
  configs.push_back({"no headers", Small()});
  configs.back().options.no_header_support = true;
  return configs;
}

// The reference reads at least so much at once.
constexpr size_t kOneRead = 50;

// Whether the reference takes 'bytes' differently by how its reads happen to cut them: a carriage
// return inside a line makes it drop a byte only of a line that came whole, and what follows -ERR
// is carried out, though the connection is closed, as far as it came in the same read.
bool DependsOnReads(std::string_view bytes) {
  for (size_t at = bytes.find('\r'); at != bytes.npos; at = bytes.find('\r', at + 1)) {
    if (at + 1 >= bytes.size() || bytes[at + 1] != '\n') return true;
  }
  std::string lower(bytes);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return lower.find("-err") != lower.npos;
}

// CONNECT once, mostly.
void AddConnect(Rng* rng, OperationMaker* maker, int client, Session* session) {
  session->steps.push_back({Step::Kind::kOpen, client, ""});
  std::string bytes = maker->Connect();
  if (rng->Chance(1, 15) || DependsOnReads(bytes)) return;
  session->steps.push_back({Step::Kind::kSend, client, std::move(bytes)});
}

// One operation or some, in one step or in pieces.
void AddOperations(Rng* rng, OperationMaker* maker, int client, Session* session) {
  std::string bytes = maker->Operation();
  if (DependsOnReads(bytes)) {
    if (bytes.size() > kOneRead) return;
  } else {
    while (rng->Chance(1, 6)) {
      const std::string more = maker->Operation();
      if (DependsOnReads(more)) break;
      bytes += more;
    }
    while (bytes.size() > 1 && rng->Chance(1, 8)) {
      const size_t cut = 1 + rng->Below(bytes.size() - 1);
      session->steps.push_back({Step::Kind::kPiece, client, bytes.substr(0, cut)});
      bytes.erase(0, cut);
    }
  }
  session->steps.push_back({Step::Kind::kSend, client, std::move(bytes)});
}

}  // namespace

const std::vector<ServerConfig>& Configs() {
  static const std::vector<ServerConfig> configs = MakeConfigs();
  return configs;
}

std::string ConfigText(const config::Options& options) {
  std::string text = "host: 127.0.0.1, port: -1\nlog_file: \"/dev/null\"\n";
  text += "max_payload: " + std::to_string(options.max_payload) + "\n";
  text += "max_control_line: " + std::to_string(options.max_control_line) + "\n";
  text += "max_subscriptions: " + std::to_string(options.max_subscriptions) + "\n";
  if (options.max_subscription_tokens > 0) {
    text += "max_sub_tokens: " + std::to_string(options.max_subscription_tokens) + "\n";
  }
  if (options.no_header_support) text += "no_header_support: true\n";
  if (!options.authorization.empty()) {
    text += "authorization { token: \"" + options.authorization + "\", timeout: 60 }\n";
  }
  return text;
}

Session MakeSession(Rng* rng) {
  Session session;
  // Half of all sessions are on the server with the defaults.
  session.config = rng->Chance(1, 2) ? 0 : rng->Below(Configs().size());
  OperationMaker maker(rng, Configs()[session.config].options);
  const int clients = static_cast<int>(rng->Between(1, kClientsMax));
  std::vector<bool> open(static_cast<size_t>(clients), false);
  const int64_t steps = rng->Between(5, 30);
  for (int64_t i = 0; i < steps; ++i) {
    const int client = static_cast<int>(rng->Below(static_cast<uint64_t>(clients)));
    const auto index = static_cast<size_t>(client);
    if (!open[index]) {
      open[index] = true;
      AddConnect(rng, &maker, client, &session);
      continue;
    }
    if (rng->Chance(1, 40)) {
      open[index] = false;
      session.steps.push_back({Step::Kind::kClose, client, ""});
      continue;
    }
    AddOperations(rng, &maker, client, &session);
  }
  return session;
}

std::string ToText(const Step& step) {
  const std::string name(1, static_cast<char>('a' + step.client));
  switch (step.kind) {
    case Step::Kind::kOpen: return "open " + name + "\n";
    case Step::Kind::kClose: return "close " + name + "\n";
    case Step::Kind::kPiece: return name + " > " + GoQuote(step.bytes) + "   (more follows)\n";
    case Step::Kind::kSend: return name + " > " + GoQuote(step.bytes) + "\n";
  }
  return {};
}

std::string ToText(const Session& session) {
  std::string text = "server: " + std::string(Configs()[session.config].name) + "\n";
  for (const Step& step : session.steps) text += ToText(step);
  return text;
}

}  // namespace dunlin::differential
