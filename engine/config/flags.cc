#include "engine/config/flags.h"

#include <algorithm>
#include <array>
#include <optional>

#include "engine/base/check.h"
#include "engine/base/quote.h"
#include "engine/config/flag_value.h"
#include "engine/config/host_port.h"

namespace dunlin::config {
namespace {

enum class ValueKind : uint8_t { kBool, kInteger, kString };

// Flags that say what to do, or set several options at once.
enum class Special : uint8_t {
  kHelp,
  kVersion,
  kTlsHelp,
  kCheck,
  kConfigFile,
  kSignal,
  kDebugAndTrace,
  kVerboseTrace,
  kDebugAndVerboseTrace,
};

// A flag of a feature that this version lacks. Turning it off (false, 0, "") is what we do anyway.
struct Missing {
  std::string_view feature;
  ValueKind kind;
};

using Target = std::variant<bool Options::*, int Options::*, int64_t Options::*,
                            std::string Options::*, Special, Missing>;

struct Flag {
  std::string_view name;
  Target target;
};

constexpr Missing MissingBool(std::string_view feature) { return {feature, ValueKind::kBool}; }
constexpr Missing MissingInt(std::string_view feature) { return {feature, ValueKind::kInteger}; }
constexpr Missing MissingText(std::string_view feature) { return {feature, ValueKind::kString}; }

constexpr auto kFlags = std::to_array<Flag>({
    {"h", Special::kHelp},
    {"help", Special::kHelp},
    {"v", Special::kVersion},
    {"version", Special::kVersion},
    {"help_tls", Special::kTlsHelp},
    {"t", Special::kCheck},
    {"c", Special::kConfigFile},
    {"config", Special::kConfigFile},
    {"sl", Special::kSignal},
    {"signal", Special::kSignal},

    {"p", &Options::port},
    {"port", &Options::port},
    {"n", &Options::server_name},
    {"name", &Options::server_name},
    {"server_name", &Options::server_name},
    {"a", &Options::host},
    {"addr", &Options::host},
    {"net", &Options::host},
    {"client_advertise", &Options::client_advertise},
    {"m", &Options::http_port},
    {"http_port", &Options::http_port},
    {"ms", MissingInt("TLS")},
    {"https_port", MissingInt("TLS")},
    {"P", &Options::pid_file},
    {"pid", &Options::pid_file},
    {"ports_file_dir", &Options::ports_file_dir},

    {"D", &Options::debug},
    {"debug", &Options::debug},
    {"V", &Options::trace},
    {"trace", &Options::trace},
    {"VV", Special::kVerboseTrace},
    {"DV", Special::kDebugAndTrace},
    {"DVV", Special::kDebugAndVerboseTrace},
    {"T", &Options::logtime},
    {"logtime", &Options::logtime},
    {"logtime_utc", &Options::logtime_utc},
    {"l", &Options::log_file},
    {"log", &Options::log_file},
    {"log_size_limit", &Options::log_size_limit},
    {"s", &Options::syslog},
    {"syslog", &Options::syslog},
    {"r", &Options::remote_syslog},
    {"remote_syslog", &Options::remote_syslog},
    {"max_traced_msg_len", &Options::max_traced_msg_len},

    {"user", &Options::username},
    {"pass", &Options::password},
    {"auth", &Options::authorization},

    {"profile", MissingInt("profiling")},
    {"routes", MissingText("clusters")},
    {"cluster", MissingText("clusters")},
    {"cluster_listen", MissingText("clusters")},
    {"cluster_advertise", MissingText("clusters")},
    {"cluster_name", MissingText("clusters")},
    {"no_advertise", MissingBool("clusters")},
    {"connect_retries", MissingInt("clusters")},
    {"tls", MissingBool("TLS")},
    {"tlsverify", MissingBool("TLS")},
    {"tlscert", MissingText("TLS")},
    {"tlskey", MissingText("TLS")},
    {"tlscacert", MissingText("TLS")},
    {"js", MissingBool("JetStream")},
    {"jetstream", MissingBool("JetStream")},
    {"sd", MissingText("JetStream")},
    {"store_dir", MissingText("JetStream")},
});

std::optional<size_t> FindFlag(std::string_view name) {
  const auto found =
      std::find_if(kFlags.begin(), kFlags.end(), [&](const Flag& f) { return f.name == name; });
  if (found == kFlags.end()) return std::nullopt;
  return static_cast<size_t>(found - kFlags.begin());
}

ValueKind KindOf(const Target& target) {
  if (const auto* missing = std::get_if<Missing>(&target)) return missing->kind;
  if (const auto* special = std::get_if<Special>(&target)) {
    const bool text = *special == Special::kConfigFile || *special == Special::kSignal;
    return text ? ValueKind::kString : ValueKind::kBool;
  }
  if (std::holds_alternative<bool Options::*>(target)) return ValueKind::kBool;
  if (std::holds_alternative<std::string Options::*>(target)) return ValueKind::kString;
  return ValueKind::kInteger;
}

// Reads the flags off the front of the arguments; what is left are words.
class Reader {
 public:
  Reader(std::span<const std::string_view> args, CommandLine& into) : args_(args), into_(into) {}

  // False with into.error set if a flag is not right.
  bool ReadAll() {
    while (!args_.empty()) {
      const std::string_view arg = args_[0];
      if (arg.size() < 2 || arg[0] != '-') break;
      args_ = args_.subspan(1);
      if (arg == "--") break;
      if (!ReadOne(arg)) return false;
    }
    return true;
  }

  std::span<const std::string_view> rest() const { return args_; }

 private:
  bool Fail(std::string text) {
    into_.error = std::move(text);
    return false;
  }

  bool ReadOne(std::string_view arg) {
    std::string_view name = arg.substr(arg[1] == '-' ? 2 : 1);
    if (name.empty() || name[0] == '-' || name[0] == '=') {
      return Fail("bad flag syntax: " + std::string(arg));
    }
    std::optional<std::string_view> value;
    if (const size_t equals = name.find('='); equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    const std::optional<size_t> flag = FindFlag(name);
    if (!flag) return Fail("flag provided but not defined: -" + std::string(name));
    const ValueKind kind = KindOf(kFlags[*flag].target);
    if (kind == ValueKind::kBool) return TakeBool(*flag, value.value_or("true"));
    if (!value) {
      if (args_.empty()) return Fail("flag needs an argument: -" + std::string(name));
      value = args_[0];
      args_ = args_.subspan(1);
    }
    if (kind == ValueKind::kInteger) return TakeInteger(*flag, *value);
    into_.values.push_back({*flag, std::string(*value)});
    return true;
  }

  bool TakeBool(size_t flag, std::string_view text) {
    const std::optional<bool> value = ParseFlagBool(text);
    if (!value) {
      return Fail("invalid boolean value " + GoQuote(text) + " for -" +
                  std::string(kFlags[flag].name) + ": parse error");
    }
    into_.values.push_back({flag, *value});
    return true;
  }

  bool TakeInteger(size_t flag, std::string_view text) {
    const auto value = ParseFlagInteger(text);
    if (const auto* fault = std::get_if<IntegerFault>(&value)) {
      return Fail("invalid value " + GoQuote(text) + " for flag -" +
                  std::string(kFlags[flag].name) +
                  (*fault == IntegerFault::kRange ? ": value out of range" : ": parse error"));
    }
    into_.values.push_back({flag, std::get<int64_t>(value)});
    return true;
  }

  std::span<const std::string_view> args_;
  CommandLine& into_;
};

// The value given last for a special flag, by whichever of its names.
template <typename T>
std::optional<T> Last(const CommandLine& command_line, Special special) {
  for (auto given = command_line.values.rbegin(); given != command_line.values.rend(); ++given) {
    const auto* target = std::get_if<Special>(&kFlags[given->flag].target);
    if (target != nullptr && *target == special) return std::get<T>(given->value);
  }
  return std::nullopt;
}

bool IsSet(const CommandLine& command_line, Special special) {
  return Last<bool>(command_line, special).value_or(false);
}

bool IsOff(const FlagValue& given) {
  if (const auto* text = std::get_if<std::string>(&given.value)) return text->empty();
  if (const auto* number = std::get_if<int64_t>(&given.value)) return *number == 0;
  return !std::get<bool>(given.value);
}

// Why the flags given cannot be carried out by this version; empty if they can.
std::string Unsupported(const CommandLine& command_line) {
  for (const FlagValue& given : command_line.values) {
    const Flag& flag = kFlags[given.flag];
    const std::string name = '-' + std::string(flag.name);
    if (const auto* missing = std::get_if<Missing>(&flag.target); missing && !IsOff(given)) {
      return "unsupported flag " + name + ": this version has no " + std::string(missing->feature) +
             " yet";
    }
  }
  return {};
}

std::string Lowercase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// What flags and the first of the words ask for.
void Decide(std::span<const std::string_view> words, CommandLine& to) {
  const auto refuse = [&](std::string error) {
    to.request = Request::kRefused;
    to.error = std::move(error);
  };
  const std::string word = words.empty() ? "" : Lowercase(words[0]);
  if (IsSet(to, Special::kVersion)) {
    to.request = Request::kShowVersion;
  } else if (IsSet(to, Special::kHelp)) {
    to.request = Request::kShowUsage;
  } else if (IsSet(to, Special::kTlsHelp)) {
    refuse("unsupported flag -help_tls: this version has no TLS yet");
  } else if (word == "version") {
    to.request = Request::kShowVersion;
  } else if (word == "help") {
    to.request = Request::kShowUsage;
  } else if (!words.empty()) {
    refuse("unrecognized command: " + GoQuote(words[0]));
  } else if (!to.signal.empty()) {
    to.request = Request::kSignal;
  } else if (std::string why = Unsupported(to); !why.empty()) {
    refuse(std::move(why));
  } else if (IsSet(to, Special::kCheck)) {
    to.request = Request::kCheckConfig;
    if (to.config_file.empty()) {
      refuse("must specify [-c, --config] option to check configuration file syntax");
    }
  }
}

void Assign(const Flag& flag, const FlagValue& given, Options& options) {
  if (const auto* field = std::get_if<bool Options::*>(&flag.target)) {
    options.** field = std::get<bool>(given.value);
  } else if (const auto* field = std::get_if<int Options::*>(&flag.target)) {
    options.** field = SaturateToInt(std::get<int64_t>(given.value));
  } else if (const auto* field = std::get_if<int64_t Options::*>(&flag.target)) {
    options.** field = std::get<int64_t>(given.value);
  } else if (const auto* field = std::get_if<std::string Options::*>(&flag.target)) {
    options.** field = std::get<std::string>(given.value);
  }
}

}  // namespace

CommandLine ParseCommandLine(std::span<const std::string_view> args) {
  CommandLine result;
  Reader reader(args, result);
  if (!reader.ReadAll()) {
    result.request = Request::kBadSyntax;
    return result;
  }
  result.config_file = Last<std::string>(result, Special::kConfigFile).value_or("");
  result.signal = Last<std::string>(result, Special::kSignal).value_or("");
  Decide(reader.rest(), result);
  return result;
}

void ApplyFlags(const CommandLine& command_line, Options& options) {
  CHECK(command_line.request == Request::kCheckConfig || command_line.request == Request::kServe);
  for (const FlagValue& given : command_line.values) {
    Assign(kFlags[given.flag], given, options);
  }
  // The combined ones win over the plain ones, and in this order over each other, as in the
  // reference.
  if (const auto value = Last<bool>(command_line, Special::kDebugAndTrace)) {
    options.debug = options.trace = *value;
  }
  if (const auto value = Last<bool>(command_line, Special::kDebugAndVerboseTrace)) {
    options.debug = options.trace = options.trace_verbose = *value;
  }
  if (const auto value = Last<bool>(command_line, Special::kVerboseTrace)) {
    options.trace = options.trace_verbose = *value;
  }
}

}  // namespace dunlin::config
