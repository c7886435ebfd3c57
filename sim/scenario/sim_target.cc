#include "sim/scenario/sim_target.h"

#include <charconv>

#include "sim/scenario/arguments.h"

namespace dunlin::scenario {
namespace {

constexpr char kFolder[] = "/scenario/";
constexpr Duration kIdlePatience = Seconds(60);

std::string WithoutFolder(const std::string& path) {
  std::string_view rest = path;
  if (rest.starts_with(kFolder)) rest.remove_prefix(sizeof kFolder - 1);
  if (rest.starts_with("./")) rest.remove_prefix(2);
  return std::string(rest);
}

const char* Tag(LogLevel level) {
  switch (level) {
    case LogLevel::kFatal: return "[FTL] ";
    case LogLevel::kError: return "[ERR] ";
    case LogLevel::kWarn: return "[WRN] ";
    case LogLevel::kInfo: return "[INF] ";
    case LogLevel::kDebug: return "[DBG] ";
    case LogLevel::kTrace: return "[TRC] ";
  }
  return "";
}

sim::World::Options WorldOptions(uint64_t seed) {
  sim::World::Options options;
  options.seed = seed;
  options.check_invariants_one_in = 1;
  return options;
}

void AddLines(std::string_view text, std::vector<std::string>* lines) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines->emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace

Result<std::string> SimTarget::Files::ReadFile(const std::string& path) {
  const auto found = content.find(WithoutFolder(path));
  if (found == content.end()) return Error{"open " + path + ": no such file or directory"};
  return found->second;
}

SimTarget::SimTarget(uint64_t seed, sim::TraceSink* sink) : world_(WorldOptions(seed)) {
  world_.trace().SetSink(sink);
}

bool SimTarget::Progress(Instant deadline) {
  const bool happened = world_.Step(deadline);
  PumpMonitors();
  return happened;
}

void SimTarget::PumpMonitors() {
  for (auto& monitor : monitors_) {
    if (monitor != nullptr) monitor->Pump();
  }
}

std::string SimTarget::Advance(Duration by) {
  world_.RunFor(by);
  PumpMonitors();
  return "";
}

bool SimTarget::Settle() {
  const bool idle = world_.RunUntilIdle(kIdlePatience);
  PumpMonitors();
  return idle;
}

std::string SimTarget::Verify() {
  for (const auto& [name, server] : servers_) {
    if (server.node && world_.state(*server.node) == sim::NodeState::kRunning) {
      world_.CheckInvariants(*server.node);
    }
  }
  if (world_.failures().empty()) return "";
  const sim::Failure& first = world_.failures()[0];
  return "the simulator found: " + first.invariant + ": " + first.text;
}

std::string SimTarget::WriteFile(const std::string& name, std::string_view content) {
  files_.content[name] = content;
  return "";
}

std::optional<std::string> SimTarget::ReadFile(const std::string& name) {
  const auto found = files_.content.find(name);
  return found == files_.content.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> SimTarget::ListFiles() {
  std::vector<std::string> names;
  for (const auto& [name, content] : files_.content) names.push_back(name);
  return names;
}

config::Startup SimTarget::Prepare(const ServerSpec& spec, const SimServer& server) {
  std::vector<std::string> words;
  if (spec.config) {
    files_.content[spec.name + ".conf"] = *spec.config;
    words.insert(words.end(), {"-c", spec.name + ".conf"});
  }
  const std::vector<std::string> own = TargetArguments(spec, server.ports);
  words.insert(words.end(), own.begin(), own.end());
  const std::vector<std::string_view> views(words.begin(), words.end());
  return config::Prepare("nats-server", views, files_);
}

std::string SimTarget::Start(const ServerSpec& spec) {
  SimServer& server = servers_[spec.name];
  const bool runs = server.node && world_.state(*server.node) == sim::NodeState::kRunning;
  if (runs) return "server " + spec.name + " runs already";
  config::Startup startup = Prepare(spec, server);
  AddLines(startup.standard_error, &server.log);
  if (startup.next != config::Startup::Next::kServe) {
    return "server " + spec.name + " ended with exit code " + std::to_string(startup.exit_code) +
           " instead of getting ready";
  }
  server.base_path = startup.options.http_base_path;
  if (server.node) {
    world_.SetOptions(*server.node, std::move(startup.options));
  } else {
    server.node = world_.AddNode(spec.name, std::move(startup.options));
  }
  server.killed = false;
  world_.Start(*server.node);
  world_.RunUntilIdle(kIdlePatience);
  if (const auto code = ExitCode(spec.name)) {
    return "server " + spec.name + " ended with exit code " + std::to_string(*code) +
           " instead of getting ready";
  }
  TakePort(server, Port::kClient, &server.ports[0]);
  TakePort(server, Port::kMonitor, &server.ports[1]);
  return "";
}

void SimTarget::TakePort(const SimServer& server, Port port, int* known) {
  const auto kind = port == Port::kClient ? ListenerKind::kClient : ListenerKind::kMonitor;
  if (const auto listening = world_.port(*server.node, kind)) *known = *listening;
}

std::string SimTarget::Send(const std::string& server, Signal signal) {
  if (!servers_[server].node || ExitCode(server)) return "server " + server + " does not run";
  static constexpr Command kCommands[] = {Command::kStop, Command::kStop, Command::kReload,
                                          Command::kReopenLog, Command::kLameDuck};
  if (signal == Signal::kQuit) return "the simulator knows no SIGQUIT";
  world_.Signal(*servers_[server].node, kCommands[static_cast<int>(signal)]);
  return "";
}

std::string SimTarget::Kill(const std::string& server) {
  if (!servers_[server].node || ExitCode(server)) return "server " + server + " does not run";
  world_.Kill(*servers_[server].node);
  servers_[server].killed = true;
  return "";
}

std::optional<int> SimTarget::ExitCode(const std::string& server) {
  static constexpr int kExitKilled = 128 + 9;
  const SimServer& known = servers_[server];
  if (!known.node) return std::nullopt;
  if (known.killed) return kExitKilled;
  if (world_.state(*known.node) != sim::NodeState::kExited) return std::nullopt;
  return world_.exit_code(*known.node);
}

const std::vector<std::string>& SimTarget::Log(const std::string& server) {
  SimServer& known = servers_[server];
  if (!known.node) return known.log;
  const auto& lines = world_.log(*known.node);
  for (; known.log_taken < lines.size(); known.log_taken++) {
    const sim::LogLine& line = lines[known.log_taken];
    known.log.push_back(Tag(line.level) + line.text);
  }
  return known.log;
}

std::optional<int> SimTarget::PortOf(const std::string& server, Port port) {
  const int known = servers_[server].ports[static_cast<int>(port)];
  return known == 0 ? std::nullopt : std::optional(known);
}

std::optional<int64_t> SimTarget::PidOf(const std::string&) { return std::nullopt; }

// A server that must not come up: what it logs is what a process would print.
void SimTarget::Boot(config::Options options, ProcessResult* result) {
  const sim::NodeId node = world_.AddNode("run", std::move(options));
  world_.Start(node);
  world_.RunUntilIdle(kIdlePatience);
  for (const sim::LogLine& line : world_.log(node)) {
    result->errors += Tag(line.level) + line.text + "\n";
  }
  if (world_.state(node) == sim::NodeState::kExited) {
    result->exit_code = world_.exit_code(node);
  } else {
    world_.Kill(node);
    result->problem = "the process does not end by itself";
  }
}

ProcessResult SimTarget::Run(const ServerSpec& spec, Instant) {
  ProcessResult result;
  config::Startup startup = Prepare(spec, {});
  result.output = startup.standard_output;
  result.errors = startup.standard_error;
  result.exit_code = startup.exit_code;
  if (startup.next == config::Startup::Next::kServe) Boot(std::move(startup.options), &result);
  if (startup.next == config::Startup::Next::kSignal)
    result.problem = "the simulator sends no signals";
  return result;
}

ConnectionId SimTarget::Open(const std::string& server, Port port, int receive_buffer,
                             std::string* problem) {
  const SimServer& known = servers_[server];
  if (!known.node || !PortOf(server, port)) {
    *problem = port == Port::kMonitor ? "server " + server + " has no monitoring port ('server " +
                                            server + " monitor')"
                                      : "server " + server + " has no client port";
    return -1;
  }
  if (port == Port::kMonitor) {
    monitors_.push_back(std::make_unique<SimMonitor>(world_, *known.node, known.base_path));
    return kFirstMonitor + static_cast<ConnectionId>(monitors_.size()) - 1;
  }
  sim::LinkOptions link;
  if (receive_buffer > 0) link.to_client_bytes_max = static_cast<size_t>(receive_buffer);
  const sim::EndpointId endpoint = world_.Connect(*known.node, link, nullptr);
  const Instant deadline = world_.now() + Seconds(10);
  while (world_.endpoint_state(endpoint) == sim::EndpointState::kConnecting &&
         world_.Step(deadline)) {
  }
  if (world_.endpoint_state(endpoint) == sim::EndpointState::kRefused) {
    *problem = "Connection refused";
    return -1;
  }
  return static_cast<ConnectionId>(endpoint.value);
}

SimMonitor* SimTarget::Monitor(ConnectionId connection) {
  if (connection < kFirstMonitor) return nullptr;
  return monitors_[static_cast<size_t>(connection - kFirstMonitor)].get();
}

void SimTarget::Send(ConnectionId connection, std::string_view bytes) {
  if (SimMonitor* monitor = Monitor(connection)) return monitor->Send(bytes);
  world_.Send(Endpoint(connection), bytes);
}

std::string SimTarget::Flush(ConnectionId, Instant) {
  return world_.RunUntilIdle(kIdlePatience) ? "" : "the server does not come to rest";
}

std::string_view SimTarget::Received(ConnectionId connection) {
  if (SimMonitor* monitor = Monitor(connection)) return monitor->received();
  return world_.Received(Endpoint(connection));
}

void SimTarget::Consume(ConnectionId connection, size_t bytes) {
  if (SimMonitor* monitor = Monitor(connection)) {
    monitor->received().erase(0, bytes);
  } else {
    world_.Consume(Endpoint(connection), bytes);
  }
}

ConnectionState SimTarget::State(ConnectionId connection) {
  if (SimMonitor* monitor = Monitor(connection)) {
    return monitor->ended() ? ConnectionState::kFinished : ConnectionState::kOpen;
  }
  switch (world_.endpoint_state(Endpoint(connection))) {
    case sim::EndpointState::kConnecting:
    case sim::EndpointState::kOpen: return ConnectionState::kOpen;
    case sim::EndpointState::kFinished: return ConnectionState::kFinished;
    case sim::EndpointState::kRefused:
    case sim::EndpointState::kReset: return ConnectionState::kReset;
    case sim::EndpointState::kClosed: return ConnectionState::kClosedByUs;
  }
  return ConnectionState::kOpen;
}

int SimTarget::LocalPort(ConnectionId connection) {
  return Monitor(connection) != nullptr ? 0 : world_.local_port(Endpoint(connection));
}

void SimTarget::Shut(ConnectionId connection) {
  if (SimMonitor* monitor = Monitor(connection)) return monitor->FinishSending();
  world_.FinishSending(Endpoint(connection));
}

void SimTarget::Close(ConnectionId connection) {
  if (Monitor(connection) == nullptr) return world_.Close(Endpoint(connection));
  monitors_[static_cast<size_t>(connection - kFirstMonitor)].reset();
}

void SimTarget::Reset(ConnectionId connection) {
  if (Monitor(connection) != nullptr) return Close(connection);
  world_.Reset(Endpoint(connection), sim::ResetSide::kBoth);
}

void SimTarget::Stall(ConnectionId connection) {
  if (Monitor(connection) == nullptr) world_.StallReading(Endpoint(connection));
}

void SimTarget::Resume(ConnectionId connection) {
  if (Monitor(connection) == nullptr) world_.ResumeReading(Endpoint(connection));
}

}  // namespace dunlin::scenario
