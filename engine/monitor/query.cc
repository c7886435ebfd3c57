#include "engine/monitor/query.h"

#include <algorithm>
#include <optional>

#include "engine/base/hex.h"
#include "engine/base/quote.h"

namespace dunlin::monitor {
namespace {

constexpr std::string_view kSyntax = "invalid syntax";
constexpr std::string_view kRange = "value out of range";

// A '+' of the query's own is a blank; one that was escaped is not.
std::optional<std::string> Unescape(std::string_view text) {
  std::string blanks(text);
  std::replace(blanks.begin(), blanks.end(), '+', ' ');
  return PercentDecode(blanks);
}

// Reads digits only. Which fault is told depends on what comes first, as in Go.
std::string_view ParseUint(std::string_view text, uint64_t* value) {
  if (text.empty()) return kSyntax;
  uint64_t sum = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return kSyntax;
    const uint64_t digit = static_cast<uint64_t>(c - '0');
    if (sum > (UINT64_MAX - digit) / 10) return kRange;
    sum = sum * 10 + digit;
  }
  *value = sum;
  return {};
}

std::string_view ParseInt(std::string_view text, int64_t* value) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  uint64_t magnitude = 0;
  const std::string_view fault = ParseUint(text, &magnitude);
  if (!fault.empty()) return fault;
  const uint64_t limit = static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0);
  if (magnitude > limit) return kRange;
  *value = static_cast<int64_t>(negative ? -magnitude : magnitude);
  return {};
}

}  // namespace

Query::Query(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty() || pair.find(';') != std::string_view::npos) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    auto name = Unescape(pair.substr(0, equals));
    auto value = Unescape(pair.substr(std::min(equals + 1, pair.size())));
    if (name && value) pairs_.emplace_back(*std::move(name), *std::move(value));
  }
}

std::string_view Query::Get(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return {};
}

void Query::SetError(std::string text) {
  if (error_.empty()) error_ = std::move(text);
}

void Query::FailDecoding(std::string_view type, std::string_view name, std::string_view function,
                         std::string_view value, std::string_view why) {
  std::string text = "Error decoding ";
  text.append(type).append(" for '").append(name).append("': strconv.").append(function);
  text.append(": parsing ").append(GoQuote(value)).append(": ").append(why);
  SetError(std::move(text));
}

bool Query::GetBool(std::string_view name) {
  constexpr std::string_view kTrue[] = {"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::string_view kFalse[] = {"", "0", "f", "F", "FALSE", "false", "False"};
  const std::string_view value = Get(name);
  if (std::find(std::begin(kTrue), std::end(kTrue), value) != std::end(kTrue)) return true;
  if (std::find(std::begin(kFalse), std::end(kFalse), value) == std::end(kFalse)) {
    FailDecoding("boolean", name, "ParseBool", value, kSyntax);
  }
  return false;
}

int64_t Query::GetInt(std::string_view name) {
  const std::string_view text = Get(name);
  int64_t value = 0;
  if (text.empty()) return 0;
  const std::string_view fault = ParseInt(text, &value);
  if (!fault.empty()) FailDecoding("int", name, "Atoi", text, fault);
  return value;
}

uint64_t Query::GetUint(std::string_view name) {
  const std::string_view text = Get(name);
  uint64_t value = 0;
  if (text.empty()) return 0;
  const std::string_view fault = ParseUint(text, &value);
  if (!fault.empty()) FailDecoding("uint64", name, "ParseUint", text, fault);
  return value;
}

}  // namespace dunlin::monitor
