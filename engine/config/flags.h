// The command line: every flag of the reference, read with its syntax ('-p 1', '--port=1',
// '-D=false').
//
// Pure: arguments in, values out. What they mean together with a configuration file, and what a
// person is told, is for startup.h. A flag given twice counts as given last; flags override the
// file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/config/options.h"

namespace dunlin::config {

// What the process was started for. In this order of precedence, whatever else was given.
enum class Request : uint8_t {
  kBadSyntax,    // A flag that does not exist, or cannot have that value: 'error', then the usage.
  kShowVersion,  // -v, or the word 'version'.
  kShowUsage,    // -h, or the word 'help'.
  kRefused,      // Understood and impossible: 'error'.
  kSignal,       // --signal: tell another process something.
  kCheckConfig,  // -t.
  kServe,
};

// A flag as it was given, its value converted.
struct FlagValue {
  size_t flag = 0;  // Index into a table of flags.cc.
  std::variant<bool, int64_t, std::string> value;
};

struct CommandLine {
  Request request = Request::kServe;
  std::string error;
  std::string config_file;  // Empty: none.
  std::string signal;       // The value of --signal; empty: none.
  std::vector<FlagValue> values;
};

// 'args' without the program's name.
[[nodiscard]] CommandLine ParseCommandLine(std::span<const std::string_view> args);

// Puts what was given over 'options', which hold the configuration file's by then.
// REQUIRES: 'request' is kCheckConfig or kServe.
void ApplyFlags(const CommandLine& command_line, Options& options);

// What '-h' prints. 'program' is how the user called us; flags of features that this version lacks
// are marked as such.
[[nodiscard]] std::string UsageText(std::string_view program);

}  // namespace dunlin::config
