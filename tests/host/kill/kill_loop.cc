// kill_loop [--rounds N] [--seed N] [--lives N] [--only journal|store]
//
// Starts a process that works on a store, kills it (SIGKILL) at a random point, starts it again on
// the same directory, and compares what it found with what it had promised. After some lives, a
// last one stops in order, and a new directory begins. This tests order, framing, recycling and
// recovery, not the loss of power: the page cache survives a kill. That is the simulator's part.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/rng.h"
#include "host/unique_fd.h"
#include "tests/host/kill/child.h"
#include "tests/support/temp_dir.h"

namespace dunlin::kill {

void Tell(const std::string& line) {
  const std::string text = line + "\n";
  // A parent that is gone has no use for the rest.
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) std::_Exit(1);
}

namespace {

constexpr int kPatienceMs = 20'000;  // For a line of the child.

class Process {
 public:
  explicit Process(const ChildOptions& options) {
    int ends[2];
    CHECK(::pipe2(ends, O_CLOEXEC) == 0);
    read_end_ = host::UniqueFd(ends[0]);
    const host::UniqueFd write_end(ends[1]);
    pid_ = ::fork();
    CHECK(pid_ >= 0);
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(write_end.get(), STDOUT_FILENO);
    const std::string words[] = {"--child",
                                 options.directory,
                                 std::to_string(options.directory_seed),
                                 std::to_string(options.life_seed),
                                 options.life == Life::kLast ? "last" : "killed",
                                 options.work == Work::kStore ? "store" : "journal"};
    ::execl("/proc/self/exe", "kill_loop", words[0].c_str(), words[1].c_str(), words[2].c_str(),
            words[3].c_str(), words[4].c_str(), words[5].c_str(), nullptr);
    std::_Exit(2);
  }
  ~Process() {
    if (pid_ > 0) Kill();
  }

  // The next line, without its end; nullopt at the end of all, or after 'patience' ms.
  std::optional<std::string> Line(int patience) {
    while (true) {
      const size_t end = text_.find('\n');
      if (end != std::string::npos) {
        std::string line = text_.substr(0, end);
        text_.erase(0, end + 1);
        return line;
      }
      pollfd readable{read_end_.get(), POLLIN, 0};
      if (::poll(&readable, 1, patience) <= 0) return std::nullopt;
      char chunk[65'536];
      const ssize_t n = ::read(read_end_.get(), chunk, sizeof chunk);
      at_end_ = n <= 0;
      if (at_end_) return std::nullopt;
      text_.append(chunk, static_cast<size_t>(n));
    }
  }

  // REQUIRES: Line() has just given nothing.
  std::string WhyNoLine() {
    if (!at_end_) return "it has said nothing for " + std::to_string(kPatienceMs) + " ms";
    const int status = ExitStatus();
    return WIFSIGNALED(status) ? "it died of signal " + std::to_string(WTERMSIG(status))
                               : "it exited with " + std::to_string(WEXITSTATUS(status));
  }

  // What it said before can still be read.
  void Kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ExitStatus();
  }
  int ExitStatus() {
    int status = 0;
    CHECK(::waitpid(pid_, &status, 0) == pid_);
    pid_ = -1;
    return status;
  }

 private:
  host::UniqueFd read_end_;
  pid_t pid_ = -1;
  std::string text_;
  bool at_end_ = false;
};

// One directory through its lives.
class Story {
 public:
  Story(std::string directory, Work work, uint64_t seed)
      : directory_(std::move(directory)), work_(work), seed_(seed), rng_(Rng(seed).Fork("story")) {}

  // Empty, or what went wrong.
  std::string Live(Life life) {
    life_seed = rng_.Next();
    Process child({directory_, seed_, life_seed, life, work_});
    std::string problem;
    if (life == Life::kLast) {
      bool done = false;
      while (const auto line = child.Line(kPatienceMs)) {
        done |= *line == "done";
        if (problem.empty()) problem = Judge(*line);
      }
      if (problem.empty() && !done) problem = "the last life did not stop in order";
      return problem;
    }
    // Sometimes in the middle of recovery; else after a number of lines.
    if (rng_.Chance(1, 8)) {
      ::poll(nullptr, 0, static_cast<int>(rng_.Below(20)));
    } else {
      const uint64_t lines = 1 + rng_.Below(rng_.Chance(1, 2) ? 200 : 20'000);
      for (uint64_t i = 0; i < lines && problem.empty(); ++i) {
        const auto line = child.Line(kPatienceMs);
        problem = line ? Judge(*line) : child.WhyNoLine();
      }
    }
    child.Kill();
    while (const auto line = child.Line(kPatienceMs)) {
      if (problem.empty()) problem = Judge(*line);
    }
    return problem;
  }

  uint64_t acked_changes = 0, acked_of_consumers = 0;
  uint64_t life_seed = 0;  // Of the last one.

 private:
  std::string Judge(const std::string& line) {
    std::istringstream in(line);
    std::string word;
    uint64_t owner = 0, seq = 0;
    in >> word;
    if (word == "wrong") return line;
    if (word == "done") return "";
    in >> owner >> seq;
    if (in.fail()) return "not understood: " + line;
    uint64_t& acked = acked_[owner];
    if (seq < acked) return line + ", but " + std::to_string(acked) + " was acknowledged";
    if (word == "acked") {
      // Each number of an owner is one change.
      (owner < kConsumers ? acked_changes : acked_of_consumers) += seq - acked;
    }
    acked = seq;
    return "";
  }

  const std::string directory_;
  const Work work_;
  const uint64_t seed_;
  Rng rng_;
  std::map<uint64_t, uint64_t> acked_;  // By owner.
};

unsigned long long Number(uint64_t value) { return value; }

// Directories take turns in what is worked on, unless 'only' says what.
int RunParent(uint64_t rounds, uint64_t lives, uint64_t seed, std::optional<Work> only) {
  uint64_t killed = 0, acked_changes = 0, acked_of_consumers = 0;
  while (killed < rounds) {
    testing::TempDir dir;
    const Work work = only.value_or(seed % 2 == 0 ? Work::kStore : Work::kJournal);
    Story story(dir.path(), work, seed);
    for (uint64_t i = 0; i <= lives && (i == lives || killed < rounds); ++i) {
      const Life life = i == lives ? Life::kLast : Life::kKilled;
      const std::string problem = story.Live(life);
      if (!problem.empty()) {
        const std::string kept = std::filesystem::current_path() / "kill-loop-failed";
        std::filesystem::remove_all(kept);
        std::filesystem::copy(dir.path(), kept, std::filesystem::copy_options::recursive);
        std::printf("FAILED %s, seed %llu, life %llu (%llu): %s\nthe directory is kept in %s\n",
                    work == Work::kStore ? "store" : "journal", Number(seed), Number(i + 1),
                    Number(story.life_seed), problem.c_str(), kept.c_str());
        return 1;
      }
      if (life == Life::kKilled) ++killed;
    }
    acked_changes += story.acked_changes;
    acked_of_consumers += story.acked_of_consumers;
    ++seed;
  }
  std::printf("%llu kills, %llu changes acknowledged, %llu of consumers: nothing lost\n",
              Number(killed), Number(acked_changes), Number(acked_of_consumers));
  return 0;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 6 && words[0] == "--child") {
    const bool is_store = words[5] == "store";
    const ChildOptions options{words[1], std::stoull(words[2]), std::stoull(words[3]),
                               words[4] == "last" ? Life::kLast : Life::kKilled,
                               is_store ? Work::kStore : Work::kJournal};
    return is_store ? RunStoreChild(options) : RunJournalChild(options);
  }
  std::map<std::string, uint64_t> options{{"--rounds", 200}, {"--lives", 10}, {"--seed", 1}};
  std::optional<Work> only;
  for (size_t i = 0; i + 1 < words.size(); i += 2) {
    if (options.count(words[i]) != 0) options[words[i]] = std::stoull(words[i + 1]);
    if (words[i] == "--only") only = words[i + 1] == "store" ? Work::kStore : Work::kJournal;
  }
  return RunParent(options["--rounds"], options["--lives"], options["--seed"], only);
}

}  // namespace
}  // namespace dunlin::kill

int main(int argc, char** argv) { return dunlin::kill::Main(argc, argv); }
