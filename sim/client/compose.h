// How an actor writes what it sends: operations of the client protocol, and message bodies that say
// which message they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/rng.h"
#include "sim/checkers/history.h"
#include "sim/plan/plan.h"

namespace dunlin::sim {

// Writes one operation: 'verb' and its arguments, with CRLF. A sloppy one has odd case and white
// space, as the protocol allows.
enum class Style : uint8_t { kNeat, kSloppy };
void AppendOp(std::string* out, Rng& rng, Style style, std::string_view verb,
              std::initializer_list<std::string_view> arguments);

// Bodies of at least kBodyIdBytes start with the number of their message; the rest is filler that
// looks like protocol, to trip whoever loses count.
inline constexpr size_t kBodyIdBytes = 12;
[[nodiscard]] std::string MakeBody(MessageIndex message, size_t size);
[[nodiscard]] std::optional<MessageIndex> MessageOfBody(std::string_view body);

// A header block for message 'message', at most 64 bytes.
[[nodiscard]] std::string MakeHeaders(MessageIndex message);

[[nodiscard]] std::string MakeSubject(Rng& rng, const Plan& plan);
[[nodiscard]] std::string MakePattern(Rng& rng, const Plan& plan, int64_t wildcard_percent);

// Something that no server may accept, whole.
[[nodiscard]] std::string MakeRudeness(Rng& rng, const Plan& plan);

[[nodiscard]] std::string MakeConnect(const ClientPlan& client, const ServerPlan& server);

// What plans with a password use.
inline constexpr std::string_view kUser = "sim", kPassword = "s3cr3t";
inline constexpr std::string_view kPasswordHash =
    "$2a$04$abcdefghijklmnopqrstuu35fBIWlNgF8BcAW/t2cO158N8svSFHy";  // Of the lowest cost.

}  // namespace dunlin::sim
