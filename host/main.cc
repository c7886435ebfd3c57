// dunlin: a NATS server. Puts the pieces together: command line, log, engine, event loop.
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/secret_args.h"
#include "engine/config/startup.h"
#include "engine/server/server.h"
#include "host/event_loop.h"
#include "host/files.h"
#include "host/log_sink.h"
#include "host/signal_command.h"
#include "host/signals.h"
#include "host/store_command.h"
#include "host/system_error.h"

namespace dunlin::host {
namespace {

int Die(std::string_view text) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
  return 1;
}

// Also bytes that are zero: errors quote what a config holds.
void Print(std::string_view text, FILE* to) { (void)std::fwrite(text.data(), 1, text.size(), to); }

// As many descriptors as the system lets us have: the soft limit is a default, not a decision.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

uint64_t Seed() {
  uint64_t seed = 0;
  CHECK(getrandom(&seed, sizeof seed, 0) == sizeof seed);
  return seed;
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

// Whether there is a file now, to be removed at the end.
bool WritePortsFile(const std::string& path, const EventLoop& loop, LogSink& log) {
  const auto urls = [&](ListenerKind kind, std::string_view scheme) {
    const Listener& listener = loop.listener(kind);
    return listener.open() ? ListenUrls(scheme, listener.address(), listener.port())
                           : std::vector<std::string>{};
  };
  const Ports ports{urls(ListenerKind::kClient, "nats"), urls(ListenerKind::kMonitor, "http")};
  const auto failed = WriteWhole(path, PortsJson(ports), 0666);
  if (!failed) return true;
  log.Write(ReadClocks().wall, LogLevel::kError,
            "Error writing ports file (" + path + "): " + failed->text);
  return false;
}

void RemovePortsFile(const std::string& path, LogSink& log) {
  if (::unlink(path.c_str()) == 0) return;
  log.Write(ReadClocks().wall, LogLevel::kError,
            "Error cleaning up ports file " + path + ": remove " + path + ": " +
                std::string(ErrorWords(errno)));
}

int Serve(config::Options options, const std::string& program) {
  RaiseDescriptorLimit();
  Signals signals;
  const int64_t pid = getpid();
  auto log = LogSink::Open(options, {pid, program, HostName()}, ReadClocks().wall);
  if (!log.ok()) return Die(program + ": " + log.error().text);
  LogSink& sink = log.value();
  if (!options.pid_file.empty()) {
    if (auto failed = WritePidFile(options.pid_file, pid)) {
      sink.Write(ReadClocks().wall, LogLevel::kFatal, "Could not write pidfile: " + failed->text);
      sink.Flush(ReadClocks().wall);
      return 1;
    }
  }
  const std::string ports_file =
      options.ports_file_dir.empty() ? "" : PortsFilePath(options.ports_file_dir, program, pid);

  Server server(std::move(options), {.seed = Seed(), .pid = pid});
  EventLoop loop(server, sink, signals, {});
  loop.Boot();
  const bool has_ports_file =
      !ports_file.empty() && !loop.exit_code() && WritePortsFile(ports_file, loop, sink);
  sink.Flush(ReadClocks().wall);
  const int status = loop.Run();
  if (has_ports_file) RemovePortsFile(ports_file, sink);
  sink.Flush(ReadClocks().wall);
  return status;
}

class SystemSource final : public config::Source {
 public:
  Result<std::string> ReadFile(const std::string& path) override {
    return ReadWhole(path, kFileBytesMax);
  }
  std::optional<std::string> Env(const std::string& name) override {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  }

 private:
  static constexpr size_t kFileBytesMax = 64 << 20;  // Of one file; far above any honest one.
};

// Any process of the machine can read our arguments, so passwords do not stay there.
void HideSecrets(std::span<const std::string_view> args, char** argv) {
  for (const config::ArgRange& secret : config::SecretArgs(args)) {
    std::fill_n(argv[secret.index] + secret.at, secret.size, '*');
  }
}

int Main(int argc, char** argv) {
  const std::string_view called = argc > 0 ? argv[0] : "dunlin";
  const std::string program(called.substr(called.rfind('/') + 1));
  const std::vector<std::string_view> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (!args.empty() && args[0] == "store") return StoreCommand(program, args);
  SystemSource source;
  config::Startup startup = config::Prepare(program, args, source);
  HideSecrets(args, argv + 1);
  Print(startup.standard_output, stdout);
  Print(startup.standard_error, stderr);
  switch (startup.next) {
    case config::Startup::Next::kExit: return startup.exit_code;
    case config::Startup::Next::kSignal:
      if (auto failed = SendSignal(startup.signal, SystemProcesses())) {
        return Die(program + ": " + failed->text);
      }
      return 0;
    case config::Startup::Next::kServe: break;
  }
  return Serve(std::move(startup.options), program);
}

}  // namespace
}  // namespace dunlin::host

int main(int argc, char** argv) { return dunlin::host::Main(argc, argv); }
