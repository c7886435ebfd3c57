#include "sim/client/compose.h"

#include <algorithm>
#include <array>

namespace dunlin::sim {
namespace {

constexpr std::string_view kEnd = "\r\n";

std::string MixedCase(Rng& rng, std::string_view verb) {
  std::string out(verb);
  for (char& c : out) {
    if (rng.Chance(1, 2)) c = static_cast<char>(c | 0x20);
  }
  return out;
}

std::string_view Gap(Rng& rng) {
  constexpr std::array<std::string_view, 4> kGaps = {" ", "  ", "\t", " \t "};
  return kGaps[rng.Below(kGaps.size())];
}

}  // namespace

void AppendOp(std::string* out, Rng& rng, Style style, std::string_view verb,
              std::initializer_list<std::string_view> arguments) {
  const bool sloppy = style == Style::kSloppy;
  *out += sloppy ? MixedCase(rng, verb) : std::string(verb);
  for (const std::string_view argument : arguments) {
    if (argument.empty()) continue;
    *out += sloppy ? Gap(rng) : " ";
    *out += argument;
  }
  if (sloppy && rng.Chance(1, 4)) *out += Gap(rng);
  *out += kEnd;
}

std::string MakeBody(MessageIndex message, size_t size) {
  constexpr std::string_view kFiller =
      "\r\nPUB a 1\r\nMSG a 1 5\r\n-ERR 'x'\r\nPING\r\n\r\n+OK\r\n";
  std::string body;
  if (size >= kBodyIdBytes) body = "m" + std::to_string(message) + ";";
  body.reserve(size);
  // Starts elsewhere in the filler each time, so that a shifted body has another hash.
  size_t at = message % kFiller.size();
  while (body.size() < size) {
    const std::string_view piece = kFiller.substr(at, size - body.size());
    body += piece;
    at = 0;
  }
  return body;
}

std::optional<MessageIndex> MessageOfBody(std::string_view body) {
  if (body.size() < kBodyIdBytes || body[0] != 'm') return std::nullopt;
  uint64_t value = 0;
  for (size_t i = 1; i < kBodyIdBytes; ++i) {
    if (body[i] == ';')
      return i == 1 ? std::nullopt : std::optional(static_cast<MessageIndex>(value));
    if (body[i] < '0' || body[i] > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(body[i] - '0');
  }
  return std::nullopt;
}

std::string MakeHeaders(MessageIndex message) {
  std::string block = "NATS/1.0\r\nNo: " + std::to_string(message) + "\r\n";
  if (message % 3 == 0) block += "Empty: \r\n";
  return block + "\r\n";
}

std::string MakeSubject(Rng& rng, const Plan& plan) {
  std::string subject;
  const int64_t depth = rng.Between(1, plan.depth_max);
  for (int64_t i = 0; i < depth; ++i) {
    if (i > 0) subject += '.';
    subject += static_cast<char>('a' + rng.Between(0, plan.tokens - 1));
  }
  if (rng.Chance(1, 32)) subject += ".a-rather-long-token-that-fits-no-small-buffer-0123456789";
  return subject;
}

std::string MakePattern(Rng& rng, const Plan& plan, int64_t wildcard_percent) {
  const auto percent = static_cast<uint64_t>(wildcard_percent);
  std::string pattern;
  const int64_t depth = rng.Between(1, plan.depth_max);
  for (int64_t i = 0; i < depth; ++i) {
    if (i > 0) pattern += '.';
    if (rng.Chance(percent, 100)) {
      if (i == depth - 1 && rng.Chance(1, 2)) return pattern + ">";
      pattern += '*';
    } else {
      pattern += static_cast<char>('a' + rng.Between(0, plan.tokens - 1));
    }
  }
  return pattern;
}

std::string MakeRudeness(Rng& rng, const Plan& plan) {
  switch (rng.Below(8)) {
    case 0: return "HELLO\r\n";
    case 1: return "PUB a " + std::to_string(plan.server.max_payload + 1) + "\r\n";
    case 2:
      return "PUB " + std::string(static_cast<size_t>(plan.server.max_control_line), 'x') +
             " 1\r\n";
    case 3: return "SUB\r\n";
    case 4: return "PUB a -1\r\nx\r\n";
    case 5: return "PUB a 3\r\nabcdef\r\n";  // No CRLF where it must be.
    case 6: return std::string("\x00\xff\x01", 3);
    default: return "CONNECT {\"verbose\":tru\r\n";
  }
}

std::string MakeConnect(const ClientPlan& client, const ServerPlan& server) {
  const auto flag = [](const char* name, bool value) {
    return std::string("\"") + name + "\":" + (value ? "true" : "false") + ",";
  };
  std::string json = "{" + flag("verbose", client.verbose) + flag("pedantic", client.pedantic) +
                     flag("echo", client.echo) + flag("headers", client.headers) +
                     flag("no_responders", client.no_responders);
  if (server.password) {
    json += "\"user\":\"" + std::string(kUser) + "\",\"pass\":\"" + std::string(kPassword) + "\",";
  }
  return json + "\"name\":\"c" + std::to_string(client.id) +
         "\",\"lang\":\"sim\",\"version\":\"1\",\"protocol\":1}";
}

}  // namespace dunlin::sim
