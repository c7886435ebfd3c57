// dunlin-scenario: runs scenario files against real processes of our daemon or of the reference
// server.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "sim/scenario/executor.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/sim_run.h"
#include "sim/store/story_scenario.h"
#include "tests/scenario/process.h"
#include "tests/scenario/process_target.h"

namespace dunlin::scenario {
namespace {

constexpr int kExitSkipped = 77;  // As meson understands it.
constexpr int kScenarioSecondsMax = 120;

struct Arguments {
  TargetName target = TargetName::kReference;
  std::string server;
  Mode mode = Mode::kCheck;
  int jobs = 4;
  uint64_t seed = 1;
  bool only_check = false;
  bool keep = false;
  bool verbose = false;
  std::vector<std::string> paths;
};

constexpr char kHelp[] =
    "dunlin-scenario --target=sim|daemon|reference [OPTION]... FILE|FOLDER...\n"
    "  --server PATH   the server's binary (reference: else $DUNLIN_ORACLE or nats-server on "
    "PATH;\n"
    "                  daemon: else dunlin beside this program's folder)\n"
    "  --jobs N        scenarios at once (4)\n"
    "  --seed N        of the simulated world (1)\n"
    "  --update        put in what was recorded, and replace expected lines that are not met\n"
    "  --check         only read the files\n"
    "  --keep          leave the scenario's folder behind\n"
    "  --verbose       say also what passed or was skipped\n"
    "Exit code: 0 all passed, 1 some failed, 2 wrong usage, 77 no server to run against.\n";

bool IsExecutable(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && access(path.c_str(), X_OK) == 0;
}

std::string Absolute(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  const std::string absolute = resolved != nullptr ? resolved : path;
  free(resolved);
  return absolute;
}

std::string FindServer(const Arguments& arguments, const char* self) {
  if (!arguments.server.empty()) return Absolute(arguments.server);
  if (arguments.target == TargetName::kDaemon) {
    const std::string own = Absolute(self);
    const std::string folder = own.substr(0, own.rfind('/'));
    for (const char* near : {"/dunlin", "/../dunlin", "/../../dunlin", "/../../host/dunlin"}) {
      if (IsExecutable(folder + near)) return Absolute(folder + near);
    }
    return "";
  }
  if (const char* oracle = getenv("DUNLIN_ORACLE"))
    return IsExecutable(oracle) ? Absolute(oracle) : "";
  const char* path = getenv("PATH");
  std::string_view rest = path != nullptr ? path : "";
  while (!rest.empty()) {
    const size_t colon = std::min(rest.find(':'), rest.size());
    const std::string candidate = std::string(rest.substr(0, colon)) + "/nats-server";
    if (IsExecutable(candidate)) return candidate;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return "";
}

void AddFiles(const std::string& path, std::vector<std::string>* files) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    files->push_back(path);
    return;
  }
  for (const std::string& name : ListFolder(path)) {
    const std::string inner = path + "/" + name;
    const bool folder = stat(inner.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    if (folder || name.ends_with(".scn")) AddFiles(inner, files);
  }
}

bool ParseArguments(int argc, char** argv, Arguments* out) {
  for (int i = 1; i < argc; i++) {
    const std::string_view word = argv[i];
    const auto value = [&](std::string_view name, std::string* into) {
      if (word.starts_with(std::string(name) + "=")) {
        *into = word.substr(name.size() + 1);
        return true;
      }
      if (word != name || i + 1 >= argc) return false;
      *into = argv[++i];
      return true;
    };
    std::string text;
    if (value("--target", &text)) {
      if (text != "sim" && text != "daemon" && text != "reference") return false;
      out->target = text == "sim"      ? TargetName::kSim
                    : text == "daemon" ? TargetName::kDaemon
                                       : TargetName::kReference;
    } else if (value("--server", &out->server)) {
    } else if (value("--jobs", &text)) {
      std::from_chars(text.data(), text.data() + text.size(), out->jobs);
      if (out->jobs < 1 || out->jobs > 64) return false;
    } else if (value("--seed", &text)) {
      std::from_chars(text.data(), text.data() + text.size(), out->seed);
    } else if (word == "--update") {
      out->mode = Mode::kRecord;
    } else if (word == "--check") {
      out->only_check = true;
    } else if (word == "--keep") {
      out->keep = true;
    } else if (word == "--verbose") {
      out->verbose = true;
    } else if (word.starts_with("-")) {
      return false;
    } else {
      AddFiles(std::string(word), &out->paths);
    }
  }
  return !out->paths.empty();
}

// Reads one file; prints what is wrong with it.
std::optional<Script> Load(const std::string& path, std::string* text) {
  const auto content = ReadWholeFile(path);
  if (!content) {
    printf("%s: cannot be read\n", path.c_str());
    return std::nullopt;
  }
  *text = *content;
  std::vector<Problem> problems;
  auto script = ParseScript(*text, path, &problems);
  for (const Problem& problem : problems) printf("%s\n", FormatProblem(path, problem).c_str());
  return script;
}

int ExitCodeOf(const Outcome& outcome) {
  if (!outcome.text.empty()) printf("%s\n", outcome.text.c_str());
  fflush(stdout);
  return outcome.verdict == Verdict::kFailed    ? 1
         : outcome.verdict == Verdict::kSkipped ? kExitSkipped
                                                : 0;
}

// A story of stores has no server: only the simulator can tell it.
int RunStory(const Arguments& arguments, const std::string& path, const std::string& text) {
  std::vector<Problem> problems;
  const auto story = sim::ParseStory(text, path, &problems);
  for (const Problem& problem : problems) printf("%s\n", FormatProblem(path, problem).c_str());
  if (!story) return 1;
  if (arguments.only_check) return 0;
  if (arguments.target == TargetName::kSim)
    return ExitCodeOf(sim::RunStoryScenario(*story).outcome);
  Outcome skipped;
  skipped.verdict = Verdict::kSkipped;
  skipped.text = "a story of stores on a disk that lies: only sim has one";
  return ExitCodeOf(skipped);
}

// In a process of its own, with stdout going to the parent.
int RunOne(const Arguments& arguments, const std::string& binary, const std::string& path) {
  std::string text;
  if (const auto content = ReadWholeFile(path); content && sim::IsStory(*content))
    return RunStory(arguments, path, *content);
  const auto script = Load(path, &text);
  if (!script) return 1;
  if (arguments.only_check) return 0;
  Outcome outcome;
  if (arguments.target == TargetName::kSim) {
    outcome = RunInSimulator(*script, arguments.seed).outcome;
  } else {
    ProcessTarget target({arguments.target, binary, arguments.keep});
    if (arguments.keep) printf("%s: kept in %s\n", path.c_str(), target.Folder().c_str());
    outcome = RunScript(*script, target, arguments.mode);
  }
  if (!outcome.replacements.empty()) {
    printf("%s: %zu expectations recorded\n", path.c_str(), outcome.replacements.size());
    if (!WriteWholeFile(path, Replaced(text, outcome.replacements))) return 1;
  }
  return ExitCodeOf(outcome);
}

double SecondsNow() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Worker {
  pid_t pid = -1;
  int output = -1;
  std::string path, text;
  double started = 0;
};

struct Totals {
  int passed = 0, failed = 0, skipped = 0;
};

Worker StartWorker(const Arguments& arguments, const std::string& binary, const std::string& path) {
  Worker worker;
  int ends[2];
  worker.path = path;
  worker.started = SecondsNow();
  if (pipe2(ends, O_CLOEXEC) != 0) exit(2);
  fflush(stdout);
  worker.pid = fork();
  if (worker.pid == 0) {
    dup2(ends[1], 1);
    const int code = RunOne(arguments, binary, path);
    fflush(stdout);
    _exit(code);
  }
  close(ends[1]);
  worker.output = ends[0];
  return worker;
}

void Report(const Arguments& arguments, const Worker& worker, Totals* totals) {
  const int code = Reap(worker.pid);
  const double seconds = SecondsNow() - worker.started;
  const char* word = "FAIL";
  if (code == 0) {
    totals->passed++;
    word = "ok  ";
  } else if (code == kExitSkipped) {
    totals->skipped++;
    word = "skip";
  } else {
    totals->failed++;
  }
  if (code == 0 && !arguments.verbose && worker.text.empty()) return;
  if (code == kExitSkipped && !arguments.verbose) return;
  printf("%s %s (%.2f s)%s%s", word, worker.path.c_str(), seconds, worker.text.empty() ? "" : "\n",
         worker.text.c_str());
  if (code > 1 && code != kExitSkipped) printf("  the runner itself ended with %d", code);
  printf(worker.text.ends_with('\n') ? "" : "\n");
}

Totals RunAll(const Arguments& arguments, const std::string& binary) {
  Totals totals;
  std::vector<Worker> workers;
  size_t next = 0;
  while (next < arguments.paths.size() || !workers.empty()) {
    while (next < arguments.paths.size() && workers.size() < static_cast<size_t>(arguments.jobs)) {
      workers.push_back(StartWorker(arguments, binary, arguments.paths[next++]));
    }
    std::vector<pollfd> fds;
    for (const Worker& worker : workers) fds.push_back({worker.output, POLLIN, 0});
    poll(fds.data(), fds.size(), 1000);
    for (size_t i = workers.size(); i-- > 0;) {
      Worker& worker = workers[i];
      if (fds[i].revents == 0) {
        if (SecondsNow() - worker.started > kScenarioSecondsMax) kill(worker.pid, SIGKILL);
        continue;
      }
      char piece[65536];
      const ssize_t size = read(worker.output, piece, sizeof piece);
      if (size > 0) {
        worker.text.append(piece, static_cast<size_t>(size));
        continue;
      }
      close(worker.output);
      Report(arguments, worker, &totals);
      workers.erase(workers.begin() + static_cast<long>(i));
    }
  }
  return totals;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  if (!ParseArguments(argc, argv, &arguments)) {
    fputs(kHelp, stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  std::string binary;
  if (!arguments.only_check && arguments.target != TargetName::kSim) {
    binary = FindServer(arguments, argv[0]);
    if (binary.empty() || !IsExecutable(binary)) {
      printf("SKIPPED: no %s server to run %zu scenarios against%s\n", ToString(arguments.target),
             arguments.paths.size(),
             arguments.target == TargetName::kReference
                 ? " (set DUNLIN_ORACLE, or put nats-server on PATH)"
                 : " (give --server)");
      return kExitSkipped;
    }
  }
  const double started = SecondsNow();
  const Totals totals = RunAll(arguments, binary);
  printf("%s: %d passed, %d failed, %d skipped (%.1f s)\n", ToString(arguments.target),
         totals.passed, totals.failed, totals.skipped, SecondsNow() - started);
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace dunlin::scenario

int main(int argc, char** argv) { return dunlin::scenario::Main(argc, argv); }
