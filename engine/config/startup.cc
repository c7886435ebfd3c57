#include "engine/config/startup.h"

#include <optional>
#include <utility>

#include "engine/base/version.h"
#include "engine/config/flags.h"
#include "engine/config/load.h"

namespace dunlin::config {
namespace {

Startup Exit(int code, std::string standard_output, std::string standard_error) {
  Startup startup;
  startup.exit_code = code;
  startup.standard_output = std::move(standard_output);
  startup.standard_error = std::move(standard_error);
  return startup;
}

// Official clients' test suites and tools start servers by any name and parse this line, so it
// names the reference and not us.
std::string VersionText() { return "nats-server: v" + std::string(kReferenceVersion) + '\n'; }

}  // namespace

Startup Prepare(std::string_view program, std::span<const std::string_view> args, Source& source) {
  const auto die = [&](std::string_view error) {
    return Exit(1, "", std::string(program) + ": " + std::string(error) + '\n');
  };
  const CommandLine command_line = ParseCommandLine(args);
  Startup startup;
  switch (command_line.request) {
    // As the reference: a wrong flag prints the usage, and the usage ends in success.
    case Request::kBadSyntax: return Exit(0, UsageText(program), command_line.error + '\n');
    case Request::kShowVersion: return Exit(0, VersionText(), "");
    case Request::kShowUsage: return Exit(0, UsageText(program), "");
    case Request::kRefused: return die(command_line.error);
    case Request::kSignal:
      startup.next = Startup::Next::kSignal;
      startup.signal = command_line.signal;
      return startup;
    case Request::kCheckConfig:
    case Request::kServe: break;
  }

  const bool check_only = command_line.request == Request::kCheckConfig;
  if (!command_line.config_file.empty()) {
    LoadResult loaded = LoadFile(command_line.config_file, source);
    std::string complaint = loaded.Complaint();
    if (!loaded.ok() || (check_only && !complaint.empty())) return die(complaint);
    startup.options = std::move(loaded.options);
    startup.standard_error = std::move(complaint);
  }
  if (check_only) {
    return Exit(0, "",
                std::string(program) + ": configuration file " + command_line.config_file +
                    " is valid (" + startup.options.config_digest + ")\n");
  }
  ApplyFlags(command_line, startup.options);
  if (const std::optional<Error> error = Finish(startup.options)) {
    // Warnings were printed by then.
    return Exit(1, "", startup.standard_error + std::string(program) + ": " + error->text + '\n');
  }
  startup.next = Startup::Next::kServe;
  return startup;
}

}  // namespace dunlin::config
