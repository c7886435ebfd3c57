#include "engine/config/load.h"

#include <utility>

#include "engine/base/time.h"
#include "engine/config/complaints.h"
#include "engine/config/digest.h"
#include "engine/config/schema.h"

namespace dunlin::config {
namespace {

LoadResult Read(const std::string& path, const Result<Document>& parsed) {
  LoadResult result;
  result.options.config_file = path;
  if (!parsed.ok()) {
    result.unreadable = parsed.error().text;
    return result;
  }
  const Map& fields = *parsed->root.IfMap();
  if (fields.empty()) result.warnings.push_back(path + ": config has no values or is empty");
  Complaints complaints(parsed.value());
  for (const Map::Entry& field : fields.entries()) {
    ReadField(field, result.options, complaints);
  }
  const std::vector<std::string>& warnings = complaints.warnings();
  result.warnings.insert(result.warnings.end(), warnings.begin(), warnings.end());
  result.errors = complaints.errors();
  return result;
}

// A zero was given, or nothing: the default.
template <typename T>
void SetDefault(T& option, T value) {
  if (option == T{}) option = value;
}

}  // namespace

std::string LoadResult::Complaint() const {
  if (!unreadable.empty()) return unreadable;
  std::string text;
  for (const std::string& warning : warnings) text += warning + '\n';
  for (const std::string& error : errors) text += error + '\n';
  return text;
}

LoadResult LoadFile(const std::string& path, Source& source) {
  const Result<Document> parsed = ParseFile(path, source);
  LoadResult result = Read(path, parsed);
  if (parsed.ok()) result.options.config_digest = Digest(parsed->root);
  return result;
}

LoadResult LoadText(std::string_view text, Source& source) {
  return Read("", ParseText(text, source));
}

std::optional<Error> Finish(Options& options) {
  const Options defaults;
  SetDefault(options.host, defaults.host);
  SetDefault(options.http_host, options.host);
  SetDefault(options.port, defaults.port);
  SetDefault(options.max_connections, defaults.max_connections);
  SetDefault(options.ping_interval, defaults.ping_interval);
  SetDefault(options.ping_max, defaults.ping_max);
  SetDefault(options.auth_timeout, defaults.auth_timeout);
  SetDefault(options.max_control_line, defaults.max_control_line);
  SetDefault(options.max_payload, defaults.max_payload);
  SetDefault(options.max_pending, defaults.max_pending);
  SetDefault(options.write_deadline, defaults.write_deadline);
  SetDefault(options.max_closed_clients, defaults.max_closed_clients);
  SetDefault(options.lame_duck_duration, defaults.lame_duck_duration);
  SetDefault(options.lame_duck_grace_period, defaults.lame_duck_grace_period);

  if (options.lame_duck_duration > Duration{} &&
      options.lame_duck_grace_period >= options.lame_duck_duration) {
    return Error{"lame duck grace period (" + FormatDuration(options.lame_duck_grace_period) +
                 ") should be strictly lower than lame duck duration (" +
                 FormatDuration(options.lame_duck_duration) + ")"};
  }
  if (options.max_payload > options.max_pending) {
    return Error{"max_payload (" + std::to_string(options.max_payload) +
                 ") cannot be higher than max_pending (" + std::to_string(options.max_pending) +
                 ")"};
  }
  if (options.server_name.find(' ') != std::string::npos) {
    return Error{"server name cannot contain spaces"};
  }
  return std::nullopt;
}

}  // namespace dunlin::config
