// The block 'authorization': one user or one token. Lists of users are for later.
#include <charconv>
#include <cstdio>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/config/duration.h"
#include "engine/config/field_readers.h"

namespace dunlin::config {
namespace {

struct Authorization {
  std::string user;
  std::string password;
  std::string token;
  Duration timeout;  // 0: the default.
};

// As Go's %v prints a float64: the shortest digits that read back the same, with an exponent from
// 1e+06 on. REQUIRES: number >= 1.
std::string GoFloat(double number) {
  char text[64];
  const auto format = number < 1e6 ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(text, text + sizeof text, number, format).ptr;
  return std::string(text, end);
}

// The timeout in seconds, and how the reference would show the value that was written.
struct Timeout {
  double seconds = 0;
  Duration duration;
  std::string shown;
};

std::optional<Timeout> ReadTimeout(const Map::Entry& field, Complaints& complaints) {
  constexpr std::string_view kWhat = "error parsing authorization config, 'timeout' ";
  if (const int64_t* seconds = field.value.IfInteger()) {
    const auto number = static_cast<double>(*seconds);
    return Timeout{number, DurationFromSeconds(number), std::to_string(*seconds)};
  }
  if (const double* seconds = field.value.IfFloat()) {
    return Timeout{*seconds, DurationFromSeconds(*seconds), *seconds >= 1 ? GoFloat(*seconds) : ""};
  }
  const std::string* text = field.value.IfString();
  if (text == nullptr) {
    complaints.Error(field.value.where(), std::string(kWhat) + "wrong type");
    return std::nullopt;
  }
  const Result<Duration> duration = ParseDuration(*text);
  if (!duration.ok()) {
    complaints.Error(field.value.where(), std::string(kWhat) + duration.error().text);
    return std::nullopt;
  }
  return Timeout{static_cast<double>(duration->ns) / 1e9, duration.value(), *text};
}

void WarnIfHigh(const Map::Entry& field, const Timeout& timeout, Complaints& complaints) {
  if (timeout.seconds <= 60) return;
  char seconds[400];
  std::snprintf(seconds, sizeof seconds, "%f", timeout.seconds);
  complaints.Warning(field.key, field.value,
                     "timeout of " + timeout.shown + " (" + seconds +
                         " seconds) is high, consider keeping it under 60 seconds. possibly caused "
                         "by unquoted duration; use '1m' instead of 1m, for example");
}

bool ReadSecret(const Map::Entry& field, std::string& into, Complaints& complaints) {
  const std::string* text = complaints.String(field.value);
  if (text == nullptr) return false;
  into = *text;
  return true;
}

// False if the rest of the block is not worth reading: the reference stops at its first value of a
// wrong type, too.
bool ReadMember(const Map::Entry& field, Authorization& block, Complaints& complaints) {
  const std::string key = Folded(field.key);
  if (key == "user" || key == "username") {
    const std::string* user = complaints.String(field.value);
    if (user != nullptr) block.user = *user;
    return user != nullptr;
  }
  if (key == "pass" || key == "password") return ReadSecret(field, block.password, complaints);
  if (key == "token") return ReadSecret(field, block.token, complaints);
  if (key == "timeout") {
    const std::optional<Timeout> timeout = ReadTimeout(field, complaints);
    if (!timeout) return false;
    WarnIfHigh(field, *timeout, complaints);
    block.timeout = timeout->duration;
    return true;
  }
  if (key == "users") {
    complaints.MissingFeature(field.key, field.value, "list of users");
  } else if (key == "default_permission" || key == "default_permissions" || key == "permissions") {
    complaints.MissingFeature(field.key, field.value, "permissions");
  } else if (key == "auth_callout" || key == "auth_hook") {
    complaints.MissingFeature(field.key, field.value, "auth callout");
  } else if (key == "proxy_required") {
    const bool* required = complaints.Bool(field.value);
    if (required == nullptr) return false;
    if (*required) complaints.MissingFeature(field.key, field.value, "trusted proxies");
  } else {
    complaints.UnknownField(field.key, field.value);
  }
  return true;
}

}  // namespace

void ReadAuthorization(const Map::Entry& field, Options& options, Complaints& complaints) {
  const Map* members = complaints.MapOf(field.value);
  if (members == nullptr) return;
  Authorization block;
  for (const Map::Entry& member : members->entries()) {
    if (!ReadMember(member, block, complaints)) return;
  }
  if ((!block.user.empty() || !block.password.empty()) && !block.token.empty()) {
    complaints.Error(field.value.where(), "Cannot have a user/pass and token");
  }
  options.username = block.user;
  options.password = block.password;
  options.authorization = block.token;
  options.auth_timeout = block.timeout;
}

}  // namespace dunlin::config
