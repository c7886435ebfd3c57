#include "tests/scenario/process_target.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "sim/scenario/arguments.h"
#include "sim/scenario/json_value.h"
#include "tests/scenario/process.h"

namespace dunlin::scenario {
namespace {

constexpr uint32_t kChanges = IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_DELETE | IN_CLOSE_WRITE;
constexpr Duration kStartPatience = Seconds(10);

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes '[123] 2026/11/21 23:08:00.123456 ' (or a part of it) off a log line.
std::string_view WithoutStamp(std::string_view line) {
  std::string_view rest = line;
  if (rest.starts_with('[')) {
    size_t at = 1;
    while (at < rest.size() && IsDigit(rest[at])) at++;
    if (at > 1 && rest.substr(at).starts_with("] ")) rest.remove_prefix(at + 2);
  }
  static constexpr std::string_view kShape = "dddd/dd/dd dd:dd:dd.dddddd ";
  if (rest.size() < kShape.size()) return rest;
  for (size_t i = 0; i < kShape.size(); i++) {
    if (kShape[i] == 'd' ? !IsDigit(rest[i]) : rest[i] != kShape[i]) return rest;
  }
  return rest.substr(kShape.size());
}

// The number behind the last ':'.
int PortIn(std::string_view address) {
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon != std::string_view::npos) {
    std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  }
  return port;
}

}  // namespace

ProcessTarget::ProcessTarget(Options options) : options_(std::move(options)) {
  const char* base = getenv("TMPDIR");
  std::string path = std::string(base != nullptr ? base : "/tmp") + "/dunlin-scenario-XXXXXX";
  if (mkdtemp(path.data()) != nullptr) folder_ = path;
  changes_fd_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  inotify_add_watch(changes_fd_, folder_.c_str(), kChanges);
}

ProcessTarget::~ProcessTarget() {
  for (auto& connection : connections_) {
    if (connection->fd >= 0) close(connection->fd);
  }
  for (auto& [name, server] : servers_) {
    if (server.pid > 0 && !server.exit_code) {
      kill(server.pid, SIGKILL);
      (void)Reap(server.pid);
    }
    if (server.log_fd >= 0) close(server.log_fd);
  }
  close(changes_fd_);
  if (!options_.keep_folder) RemoveFolder();
}

void ProcessTarget::RemoveFolder() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Instant ProcessTarget::Now() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant{now.tv_sec * 1'000'000'000 + now.tv_nsec};
}

std::string ProcessTarget::Advance(Duration) { return "time cannot be moved on real processes"; }

std::string ProcessTarget::WriteFile(const std::string& name, std::string_view content) {
  return WriteWholeFile(folder_ + "/" + name, content) ? "" : "cannot write the file " + name;
}

std::optional<std::string> ProcessTarget::ReadFile(const std::string& name) {
  return ReadWholeFile(folder_ + "/" + name);
}

std::vector<std::string> ProcessTarget::ListFiles() { return ListFolder(folder_); }

std::vector<std::string> ProcessTarget::CommandLine(const ServerSpec& spec,
                                                    const ServerProcess& server) {
  // Called so also when it is ours: what a server prints begins with its name.
  std::vector<std::string> words = {"nats-server"};
  if (spec.config) words.insert(words.end(), {"-c", spec.name + ".conf"});
  if (!spec.bare) words.insert(words.end(), {"--ports_file_dir", "ports." + spec.name});
  const std::vector<std::string> own = TargetArguments(spec, server.ports);
  words.insert(words.end(), own.begin(), own.end());
  return words;
}

std::string ProcessTarget::Start(const ServerSpec& spec) {
  ServerProcess& server = servers_[spec.name];
  if (server.pid > 0 && !server.exit_code) return "server " + spec.name + " runs already";
  if (spec.config) {
    if (auto problem = WriteFile(spec.name + ".conf", *spec.config); !problem.empty())
      return problem;
  }
  const std::string ports = folder_ + "/ports." + spec.name;
  if (!spec.bare && mkdir(ports.c_str(), 0700) == 0) {
    inotify_add_watch(changes_fd_, ports.c_str(), kChanges);
  }
  if (server.log_fd >= 0) close(server.log_fd);
  const ChildProcess child =
      StartProcess(options_.binary, CommandLine(spec, server), folder_, Streams::kTogether);
  if (child.pid < 0) return "no process could be started";
  server.pid = child.pid;
  server.log_fd = child.errors;
  server.exit_code.reset();
  return AwaitReady(spec, server);
}

std::string ProcessTarget::AwaitReady(const ServerSpec& spec, ServerProcess& server) {
  const Instant deadline = Now() + kStartPatience;
  while (!FindPorts(spec, server)) {
    if (server.exit_code) {
      return "server " + spec.name + " ended with exit code " + std::to_string(*server.exit_code) +
             " instead of getting ready";
    }
    if (!Progress(deadline)) return "server " + spec.name + " did not get ready";
  }
  return "";
}

// From the ports file; a bare server has none, so from its log.
bool ProcessTarget::FindPorts(const ServerSpec& spec, ServerProcess& server) {
  if (!spec.bare) return FindPortsInFile(folder_ + "/ports." + spec.name, server);
  bool ready = false;
  for (const std::string& line : server.log) {
    if (line.starts_with("[INF] Listening for client connections on "))
      server.ports[0] = PortIn(line);
    if (line.starts_with("[INF] Starting http monitor on ")) server.ports[1] = PortIn(line);
    if (line == "[INF] Server is ready") ready = true;
  }
  return ready;
}

bool ProcessTarget::FindPortsInFile(const std::string& folder, ServerProcess& server) {
  const std::string ending = "_" + std::to_string(server.pid) + ".ports";
  for (const std::string& name : ListFolder(folder)) {
    if (!name.ends_with(ending)) continue;
    std::string error;
    const auto json = ParseJson(ReadWholeFile(folder + "/" + name).value_or(""), &error);
    const JsonValue* clients = json ? json->Field("nats") : nullptr;
    if (clients == nullptr || clients->items.empty()) return false;  // Not all written yet.
    server.ports[0] = PortIn(clients->items[0].text);
    const JsonValue* monitor = json->Field("monitoring");
    if (monitor != nullptr && !monitor->items.empty())
      server.ports[1] = PortIn(monitor->items[0].text);
    return true;
  }
  return false;
}

std::string ProcessTarget::Send(const std::string& server, Signal signal) {
  static constexpr int kSignals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT};
  const auto found = servers_.find(server);
  if (found == servers_.end() || found->second.exit_code)
    return "server " + server + " does not run";
  kill(found->second.pid, kSignals[static_cast<int>(signal)]);
  return "";
}

std::string ProcessTarget::Kill(const std::string& server) {
  const auto found = servers_.find(server);
  if (found == servers_.end() || found->second.exit_code)
    return "server " + server + " does not run";
  kill(found->second.pid, SIGKILL);
  return "";
}

std::optional<int> ProcessTarget::ExitCode(const std::string& server) {
  return servers_[server].exit_code;
}
const std::vector<std::string>& ProcessTarget::Log(const std::string& server) {
  ServerProcess& process = servers_[server];
  if (process.log_fd >= 0) ReadLog(process);
  return process.log;
}
std::optional<int> ProcessTarget::PortOf(const std::string& server, Port port) {
  const int known = servers_[server].ports[static_cast<int>(port)];
  return known == 0 ? std::nullopt : std::optional(known);
}
std::optional<int64_t> ProcessTarget::PidOf(const std::string& server) {
  return servers_[server].pid;
}

void ProcessTarget::ReadLog(ServerProcess& server) {
  char piece[65536];
  while (true) {
    const ssize_t size = read(server.log_fd, piece, sizeof piece);
    if (size < 0) return;
    if (size == 0) {  // Its end closes the log.
      close(server.log_fd);
      server.log_fd = -1;
      server.exit_code = Reap(server.pid);
      return;
    }
    server.log_rest.append(piece, static_cast<size_t>(size));
    size_t from = 0;
    for (size_t end; (end = server.log_rest.find('\n', from)) != std::string::npos;
         from = end + 1) {
      server.log.emplace_back(
          WithoutStamp(std::string_view(server.log_rest).substr(from, end - from)));
    }
    server.log_rest.erase(0, from);
  }
}

bool ProcessTarget::Progress(Instant deadline) {
  std::vector<pollfd> fds = {{changes_fd_, POLLIN, 0}};
  std::vector<ServerProcess*> servers;
  for (auto& [name, server] : servers_) {
    if (server.log_fd < 0) continue;
    fds.push_back({server.log_fd, POLLIN, 0});
    servers.push_back(&server);
  }
  std::vector<Connection*> connections;
  for (auto& connection : connections_) {
    if (connection->fd < 0) continue;
    short events = 0;
    if (!connection->stalled && connection->state == ConnectionState::kOpen) events |= POLLIN;
    if (!connection->out.empty()) events |= POLLOUT;
    if (events == 0) continue;
    fds.push_back({connection->fd, events, 0});
    connections.push_back(connection.get());
  }
  const Duration left = deadline - Now();
  const timespec timeout{left.ns > 0 ? left.ns / 1'000'000'000 : 0,
                         left.ns > 0 ? left.ns % 1'000'000'000 : 0};
  if (ppoll(fds.data(), fds.size(), &timeout, nullptr) <= 0) return false;
  if (fds[0].revents != 0) {
    char ignored[4096];
    while (read(changes_fd_, ignored, sizeof ignored) > 0) {
    }
  }
  size_t next = 1;
  for (ServerProcess* server : servers) {
    if (fds[next++].revents != 0) ReadLog(*server);
  }
  for (Connection* connection : connections) {
    const short events = fds[next++].revents;
    if ((events & POLLOUT) != 0) Transmit(*connection);
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !connection->stalled) Receive(*connection);
  }
  return true;
}

ProcessResult ProcessTarget::Run(const ServerSpec& spec, Instant deadline) {
  ProcessResult result;
  if (spec.config) {
    result.problem = WriteFile(spec.name + ".conf", *spec.config);
    if (!result.problem.empty()) return result;
  }
  const ChildProcess child =
      StartProcess(options_.binary, CommandLine(spec, {}), folder_, Streams::kApart);
  pollfd fds[2] = {{child.output, POLLIN, 0}, {child.errors, POLLIN, 0}};
  std::string* texts[2] = {&result.output, &result.errors};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    const int64_t left_ms = (deadline - Now()).ns / 1'000'000;
    if (left_ms <= 0 || poll(fds, 2, static_cast<int>(left_ms)) <= 0) {
      kill(child.pid, SIGKILL);
      (void)Reap(child.pid);
      result.problem = "the process does not end by itself";
      break;
    }
    for (int i = 0; i < 2; i++) {
      char piece[65536];
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      const ssize_t size = read(fds[i].fd, piece, sizeof piece);
      if (size > 0) texts[i]->append(piece, static_cast<size_t>(size));
      if (size == 0) fds[i].fd = -1;
    }
  }
  close(child.output);
  close(child.errors);
  if (result.problem.empty()) result.exit_code = Reap(child.pid);
  return result;
}

}  // namespace dunlin::scenario
