#include "engine/config/field_readers.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "engine/base/quote.h"
#include "engine/base/result.h"
#include "engine/config/duration.h"
#include "engine/config/host_port.h"

namespace dunlin::config {
namespace {

// 'listen' and 'http': 'host:port', or a port, which means all hosts.
struct Listen {
  std::string host;
  int64_t port = 0;
};

Result<Listen> ParseListen(const Value& value) {
  if (const int64_t* port = value.IfInteger()) return Listen{"", *port};
  const std::string* text = value.IfString();
  if (text == nullptr) {
    return Error{"expected port or host:port, got " + std::string(KindName(value))};
  }
  const Result<HostPort> split = SplitHostPort(*text);
  if (!split.ok()) return Error{"could not parse address string " + GoQuote(*text)};
  const Result<int64_t> port = ParseDecimal(split->port);
  if (!port.ok()) return Error{"could not parse port " + GoQuote(split->port)};
  return Listen{split->host, port.value()};
}

// A size in bytes that INFO carries as a 32-bit number.
void ReadInt32(const Map::Entry& field, int32_t& option, Complaints& complaints) {
  const int64_t* number = complaints.Integer(field.value);
  if (number == nullptr) return;
  if (*number > INT32_MAX)
    return complaints.Error(field.value.where(), field.key + " value is too big");
  option = SaturateToInt(*number);
}

// The field's text as a duration; none, with a complaint, if it cannot be read so.
std::optional<Duration> DurationOf(const Map::Entry& field, std::string_view name,
                                   Complaints& complaints) {
  const std::string* text = complaints.String(field.value);
  if (text == nullptr) return std::nullopt;
  const Result<Duration> duration = ParseDuration(*text);
  if (duration.ok()) return duration.value();
  complaints.Error(field.value.where(),
                   "error parsing " + std::string(name) + ": " + duration.error().text);
  return std::nullopt;
}

// A duration, or, as files of old have it, a number of seconds.
void ReadDuration(const Map::Entry& field, std::string_view name, Duration& option,
                  Complaints& complaints) {
  if (field.value.IfString() != nullptr) {
    option = DurationOf(field, name, complaints).value_or(option);
    return;
  }
  complaints.Warning(name, field.value, std::string(name) + " should be converted to a duration");
  // Wraps around where the reference's does.
  if (const int64_t* seconds = complaints.Integer(field.value)) {
    option.ns = static_cast<int64_t>(static_cast<uint64_t>(*seconds) * 1'000'000'000);
  }
}

// Tags are a set, in lower case.
void AddTag(std::string_view text, std::vector<std::string>& tags) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return;
  std::string tag = Folded(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
  if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(std::move(tag));
}

}  // namespace

std::string Folded(std::string_view key) {
  std::string folded(key);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

void ReadListen(const Map::Entry& field, Options& options, Complaints& complaints) {
  const Result<Listen> listen = ParseListen(field.value);
  if (!listen.ok()) return complaints.Error(field.value.where(), listen.error().text);
  options.host = listen->host;
  options.port = listen->port;
}

void ReadHttp(const Map::Entry& field, Options& options, Complaints& complaints) {
  const Result<Listen> listen = ParseListen(field.value);
  if (!listen.ok()) return complaints.Error(field.value.where(), listen.error().text);
  options.http_host = listen->host;
  options.http_port = listen->port;
}

void ReadServerName(const Map::Entry& field, Options& options, Complaints& complaints) {
  const std::string* name = complaints.String(field.value);
  if (name == nullptr) return;
  if (name->find(' ') != std::string::npos) {
    return complaints.Error(field.value.where(), "server name cannot contain spaces");
  }
  options.server_name = *name;
}

void ReadServerTags(const Map::Entry& field, Options& options, Complaints& complaints) {
  if (const std::string* tag = field.value.IfString()) return AddTag(*tag, options.tags);
  const Array* tags = field.value.IfArray();
  if (tags == nullptr) {
    return complaints.Error(field.value.where(), "error parsing tags: unsupported type " +
                                                     std::string(KindName(field.value)));
  }
  for (const Value& tag : *tags) {
    if (tag.IfString() == nullptr) {
      // The reference names the type of its own token here, and not the value's.
      return complaints.Error(
          field.value.where(),
          "error parsing tags: unsupported type *conf.token where string is expected");
    }
    AddTag(*tag.IfString(), options.tags);
  }
}

void ReadServerMetadata(const Map::Entry& field, Options& options, Complaints& complaints) {
  const Map* metadata = field.value.IfMap();
  if (metadata == nullptr) {
    return complaints.Error(field.value.where(), "error parsing metadata: unsupported type " +
                                                     std::string(KindName(field.value)));
  }
  for (const Map::Entry& entry : metadata->entries()) {
    const std::string* text = complaints.String(entry.value);
    if (text == nullptr) return;
    options.metadata[entry.key] = *text;
  }
}

void ReadFeatureFlags(const Map::Entry& field, Options& options, Complaints& complaints) {
  const Map* flags = field.value.IfMap();
  if (flags == nullptr) {
    return complaints.Error(field.value.where(), "error parsing feature flags: unsupported type " +
                                                     std::string(KindName(field.value)));
  }
  for (const Map::Entry& entry : flags->entries()) {
    const bool* on = entry.value.IfBool();
    if (on == nullptr) {
      return complaints.Error(entry.value.where(),
                              "error parsing feature flag " + GoQuote(entry.key) +
                                  ": expected bool, got " + std::string(KindName(entry.value)));
    }
    options.feature_flags[entry.key] = *on;
  }
}

void ReadTraceVerbose(const Map::Entry& field, Options& options, Complaints& complaints) {
  if (const bool* on = complaints.Bool(field.value)) options.trace_verbose = options.trace = *on;
}

void ReadTraceHeaders(const Map::Entry& field, Options& options, Complaints& complaints) {
  if (const bool* on = complaints.Bool(field.value)) options.trace_headers = options.trace = *on;
}

void ReadMaxControlLine(const Map::Entry& field, Options& options, Complaints& complaints) {
  ReadInt32(field, options.max_control_line, complaints);
}

void ReadMaxPayload(const Map::Entry& field, Options& options, Complaints& complaints) {
  ReadInt32(field, options.max_payload, complaints);
}

// 0 is written by those who want no connections at all, and not the default.
void ReadMaxConnections(const Map::Entry& field, Options& options, Complaints& complaints) {
  const int64_t* number = complaints.Integer(field.value);
  if (number != nullptr) options.max_connections = *number == 0 ? -1 : SaturateToInt(*number);
}

void ReadMaxSubTokens(const Map::Entry& field, Options& options, Complaints& complaints) {
  const int64_t* number = complaints.Integer(field.value);
  if (number == nullptr) return;
  if (*number > UINT8_MAX) {
    return complaints.Error(field.value.where(), field.key + " value is too big");
  }
  if (*number <= 0) {
    return complaints.Error(field.value.where(), field.key + " value can not be negative");
  }
  options.max_subscription_tokens = static_cast<int>(*number);
}

void ReadPingInterval(const Map::Entry& field, Options& options, Complaints& complaints) {
  ReadDuration(field, "ping_interval", options.ping_interval, complaints);
}

void ReadWriteDeadline(const Map::Entry& field, Options& options, Complaints& complaints) {
  ReadDuration(field, "write_deadline", options.write_deadline, complaints);
}

void ReadWriteTimeout(const Map::Entry& field, Options& options, Complaints& complaints) {
  const std::string* policy = complaints.String(field.value);
  if (policy == nullptr) return;
  if (*policy == "default") {
    options.write_timeout = WriteTimeoutPolicy::kDefault;
  } else if (*policy == "close") {
    options.write_timeout = WriteTimeoutPolicy::kClose;
  } else if (*policy == "retry") {
    options.write_timeout = WriteTimeoutPolicy::kRetry;
  } else {
    complaints.Error(field.value.where(), "write_timeout must be 'default', 'close' or 'retry'");
  }
}

void ReadLameDuckDuration(const Map::Entry& field, Options& options, Complaints& complaints) {
  const std::optional<Duration> duration = DurationOf(field, "lame_duck_duration", complaints);
  if (!duration) return;
  if (*duration < Seconds(30)) {
    return complaints.Error(
        field.value.where(),
        "invalid lame_duck_duration of " + FormatDuration(*duration) + ", minimum is 30 seconds");
  }
  options.lame_duck_duration = *duration;
}

void ReadLameDuckGracePeriod(const Map::Entry& field, Options& options, Complaints& complaints) {
  const std::optional<Duration> duration = DurationOf(field, "lame_duck_grace_period", complaints);
  if (!duration) return;
  if (*duration < Duration{}) {
    return complaints.Error(field.value.where(),
                            "invalid lame_duck_grace_period, needs to be positive");
  }
  options.lame_duck_grace_period = *duration;
}

void ReadNoSystemAccount(const Map::Entry& field, Options&, Complaints& complaints) {
  (void)complaints.Bool(field.value);
}

}  // namespace dunlin::config
