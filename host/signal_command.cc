#include "host/signal_command.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fstream>
#include <iterator>

#include "engine/base/quote.h"
#include "host/system_error.h"

namespace dunlin::host {
namespace {

std::optional<std::string> ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return std::nullopt;
  return text;
}

std::string CommandName(const std::string& pid) {
  std::string name = ReadWhole("/proc/" + pid + "/comm").value_or("");
  if (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

std::vector<int> ServersNamed(const std::string& name) {
  std::vector<int> pids;
  DIR* listing = ::opendir("/proc");
  if (listing == nullptr) return pids;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string id = entry->d_name;
    if (id.find_first_not_of("0123456789") != std::string::npos) continue;
    const int pid = std::atoi(id.c_str());
    if (pid != getpid() && CommandName(id) == name) pids.push_back(pid);
  }
  ::closedir(listing);
  std::sort(pids.begin(), pids.end());
  return pids;
}

// Nothing but digits: kill(2) takes 0 and negative numbers for whole groups of processes.
std::optional<int> ParsePid(std::string_view text) {
  int pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 0) return std::nullopt;
  return pid;
}

std::optional<int> SignalNumber(std::string_view command) {
  if (command == "stop") return SIGKILL;
  if (command == "quit") return SIGINT;
  if (command == "term") return SIGTERM;
  if (command == "reopen") return SIGUSR1;
  if (command == "reload") return SIGHUP;
  if (command == "ldm") return SIGUSR2;
  return std::nullopt;
}

struct Expression {
  std::string prefix;  // Empty: any.
  bool glob = false;   // Every pid that starts with 'prefix', not just the one.

  bool Matches(int pid) const {
    const std::string text = std::to_string(pid);
    return prefix.empty() || text == prefix || (glob && text.rfind(prefix, 0) == 0);
  }
};

Result<std::vector<int>> Find(const Expression& expression, const ProcessTable& processes) {
  std::vector<int> pids;
  if (!expression.prefix.empty()) {
    const auto pid = ParsePid(expression.prefix);
    if (!pid) return Error{"invalid pid: " + expression.prefix};
    pids = {*pid};
  }
  if (expression.prefix.empty() || expression.glob) pids = processes.servers();
  if (pids.size() > 1 && !expression.glob) {
    std::string text = "multiple " + processes.process_name + " processes running:";
    for (const int pid : pids) text += "\n" + std::to_string(pid);
    return Error{text};
  }
  if (pids.empty()) return Error{"no " + processes.process_name + " processes running"};
  return pids;
}

}  // namespace

ProcessTable SystemProcesses() {
  const std::string name = CommandName("self");
  return {name, [name] { return ServersNamed(name); },
          [](int pid, int signal) { return ::kill(pid, signal) == 0 ? 0 : errno; }};
}

std::optional<Error> SendSignal(std::string_view argument, const ProcessTable& processes) {
  const size_t equals = argument.find('=');
  const std::string_view command = argument.substr(0, equals);
  std::string where;
  if (equals != std::string_view::npos) {
    where = argument.substr(equals + 1);
    if (const size_t extra = where.find('='); extra != std::string::npos) {
      std::string rest = where.substr(extra + 1);
      std::replace(rest.begin(), rest.end(), '=', ' ');
      return Error{"invalid signal parameters: [" + rest + "]"};
    }
    where = ReadWhole(where).value_or(where);
    while (!where.empty() && (where.back() == '\n' || where.back() == ' ')) where.pop_back();
  }
  Expression expression{where, !where.empty() && where.back() == '*'};
  if (expression.glob) expression.prefix.pop_back();

  auto pids = Find(expression, processes);
  if (!pids.ok()) return pids.error();
  const auto signal = SignalNumber(command);
  if (!signal) return Error{"unknown signal " + GoQuote(command)};
  std::string failures;
  for (const int pid : pids.value()) {
    if (!expression.Matches(pid)) continue;
    if (const int error = processes.kill(pid, *signal); error != 0) {
      failures += "\nsignal " + GoQuote(command) + " " + std::to_string(pid) + ": ";
      failures += ErrorWords(error);
    }
  }
  if (!failures.empty()) return Error{failures};
  return std::nullopt;
}

}  // namespace dunlin::host
