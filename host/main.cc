// dunlin: a NATS server. Puts the pieces together: command line, log, engine, event loop.
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/server/server.h"
#include "host/event_loop.h"
#include "host/files.h"
#include "host/log_sink.h"
#include "host/signals.h"
#include "host/system_error.h"

namespace dunlin::host {
namespace {

int Die(std::string_view text) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
  return 1;
}

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

void WritePortsFile(const std::string& path, const EventLoop& loop, LogSink& log) {
  const auto urls = [&](ListenerKind kind, std::string_view scheme) {
    const Listener& listener = loop.listener(kind);
    return listener.open() ? ListenUrls(scheme, listener.address(), listener.port())
                           : std::vector<std::string>{};
  };
  const Ports ports{urls(ListenerKind::kClient, "nats"), urls(ListenerKind::kMonitor, "http")};
  if (auto failed = WriteWhole(path, PortsJson(ports), 0666)) {
    log.Write(ReadClocks().wall, LogLevel::kError,
              "Error writing ports file (" + path + "): " + failed->text);
  }
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
  if (!log.ok()) return Die("dunlin: " + log.error().text);
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
  if (!ports_file.empty() && !loop.exit_code()) WritePortsFile(ports_file, loop, sink);
  const int status = loop.Run();
  if (!ports_file.empty()) RemovePortsFile(ports_file, sink);
  sink.Flush(ReadClocks().wall);
  return status;
}

// TEMPORARY: until engine/config/flags lands. Only what the benchmark and first tests need.
int Main(int argc, char** argv) {
  config::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (flag == "-D")
      options.debug = true;
    else if (flag == "-V")
      options.trace = true;
    else if (value != nullptr && flag == "-a")
      options.host = argv[++i];
    else if (value != nullptr && flag == "-p")
      options.port = std::atoi(argv[++i]);
    else if (value != nullptr && flag == "-m")
      options.http_port = std::atoi(argv[++i]);
    else if (value != nullptr && flag == "-l")
      options.log_file = argv[++i];
    else
      return Die("dunlin: flag not supported yet: " + std::string(flag));
  }
  return Serve(std::move(options), argv[0]);
}

}  // namespace
}  // namespace dunlin::host

int main(int argc, char** argv) { return dunlin::host::Main(argc, argv); }
