#include "sim/tool/shell.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

namespace dunlin::sim {
namespace {

std::string& LastWords() {
  static std::string line;
  return line;
}

void SayLastWords(int signal) {
  const std::string& line = LastWords();
  const ssize_t ignored = write(STDERR_FILENO, line.data(), line.size());
  (void)ignored;
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

double Of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

std::optional<std::string> ReadWholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

double RealSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double CpuSeconds() {
  double sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    sum += Of(usage.ru_utime) + Of(usage.ru_stime);
  }
  return sum;
}

void SetLastWords(std::string line) {
  LastWords() = std::move(line);
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    std::signal(signal, SayLastWords);
  }
}

ChildResult RunInChild(ChildWork& work) {
  int ends[2];
  if (pipe(ends) != 0) return {.died = true, .exit_code = 0, .last_report = {}};
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    // A mutant that crashes is one that is found: its last words interest nobody.
    (void)std::freopen("/dev/null", "w", stderr);
    _exit(work.Run(ends[1]));
  }
  close(ends[1]);
  ChildResult result;
  uint64_t number = 0;
  while (read(ends[0], &number, sizeof number) == sizeof number) result.last_report = number;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  result.died = WIFSIGNALED(status);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  return result;
}

void Report(int report_to, uint64_t number) {
  const ssize_t ignored = write(report_to, &number, sizeof number);
  (void)ignored;
}

}  // namespace dunlin::sim
