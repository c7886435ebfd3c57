#include "tests/scenario/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace dunlin::scenario {
namespace {

struct Pipe {
  int ends[2] = {-1, -1};
};

Pipe MakePipe() {
  Pipe made;
  if (pipe2(made.ends, O_CLOEXEC) != 0) made.ends[0] = made.ends[1] = -1;
  return made;
}

[[noreturn]] void BecomeServer(const std::string& binary, const std::vector<std::string>& arguments,
                               const std::string& folder, int output, int errors, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, 0);
  dup2(output, 1);
  dup2(errors, 2);
  std::vector<char*> words;
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  signal(SIGPIPE, SIG_DFL);
  if (chdir(folder.c_str()) == 0) execv(binary.c_str(), words.data());
  dprintf(2, "cannot execute %s: %s\n", binary.c_str(), strerror(errno));
  _exit(127);
}

}  // namespace

ChildProcess StartProcess(const std::string& binary, const std::vector<std::string>& arguments,
                          const std::string& folder, Streams streams) {
  ChildProcess child;
  const Pipe errors = MakePipe();
  const Pipe output = streams == Streams::kApart ? MakePipe() : Pipe{};
  const pid_t parent = getpid();
  child.pid = fork();
  if (child.pid == 0) {
    const int out = streams == Streams::kApart ? output.ends[1] : errors.ends[1];
    BecomeServer(binary, arguments, folder, out, errors.ends[1], parent);
  }
  close(errors.ends[1]);
  if (output.ends[1] >= 0) close(output.ends[1]);
  child.errors = errors.ends[0];
  child.output = output.ends[0];
  for (const int fd : {child.errors, child.output}) {
    if (fd >= 0) fcntl(fd, F_SETFL, O_NONBLOCK);
  }
  return child;
}

int Reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::optional<std::string> ReadWholeFile(const std::string& path) {
  FILE* file = fopen(path.c_str(), "rb");
  if (file == nullptr) return std::nullopt;
  std::string content;
  char piece[65536];
  size_t size = 0;
  while ((size = fread(piece, 1, sizeof piece, file)) > 0) content.append(piece, size);
  const bool good = ferror(file) == 0;
  fclose(file);
  return good ? std::optional(content) : std::nullopt;
}

bool WriteWholeFile(const std::string& path, std::string_view content) {
  FILE* file = fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  const bool good = fwrite(content.data(), 1, content.size(), file) == content.size();
  return fclose(file) == 0 && good;
}

std::vector<std::string> ListFolder(const std::string& path) {
  std::vector<std::string> names;
  DIR* folder = opendir(path.c_str());
  if (folder == nullptr) return names;
  while (const dirent* entry = readdir(folder)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace dunlin::scenario
