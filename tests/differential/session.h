// What a few clients do with one server, as data: made from a seed, shown as text, cut down by
// dropping steps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/config/options.h"

namespace dunlin::differential {

inline constexpr int kClientsMax = 3;

struct Step {
  enum class Kind : uint8_t {
    kOpen,  // The client connects (a socket, and no byte).
    kSend,  // It sends 'bytes'. Then every open client sends PING, the sender first, each after the
            // other's answer: so what one client does comes after what another did before.
    kPiece,  // It sends 'bytes', the start of what its next step sends; no PING.
    kClose,  // It goes.
  };
  Kind kind = Kind::kSend;
  int client = 0;
  std::string bytes;
};

struct Session {
  size_t config = 0;  // Index into Configs().
  std::vector<Step> steps;
};

// The servers that sessions are tried on: limits small enough to be met.
struct ServerConfig {
  const char* name;
  config::Options options;
};
[[nodiscard]] const std::vector<ServerConfig>& Configs();

// 'options' in the configuration language, as far as Configs() sets them.
[[nodiscard]] std::string ConfigText(const config::Options& options);

[[nodiscard]] Session MakeSession(Rng* rng);

// One step a line: 'a > "PUB foo 1\r\nx\r\n"'.
[[nodiscard]] std::string ToText(const Step& step);
[[nodiscard]] std::string ToText(const Session& session);

}  // namespace dunlin::differential
