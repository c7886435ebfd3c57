#include "tests/host/daemon.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "engine/base/check.h"
#include "tests/support/eventually.h"

namespace dunlin::host {
namespace {

constexpr const char kLogName[] = "stderr";

// In the child: never returns.
[[noreturn]] void Exec(const std::string& dir, const Daemon::Options& options, char** argv) {
  int out = -1;
  if (options.stderr_closed) {
    int ends[2];
    if (::pipe(ends) != 0) ::_exit(126);
    ::close(ends[0]);
    out = ends[1];
  } else {
    out = ::open((dir + "/" + kLogName).c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  }
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  if (out > STDERR_FILENO) ::close(out);
  if (options.descriptors_max != 0) {
    const auto most = static_cast<rlim_t>(options.descriptors_max);
    const rlimit limit{most, most};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (::chdir(dir.c_str()) == 0) ::execv(argv[0], argv);
  ::_exit(127);
}

}  // namespace

Daemon::Daemon(Options options) {
  std::vector<std::string> args{DUNLIN_BINARY, "-a", "127.0.0.1", "-p", "-1"};
  args.insert(args.end(), options.flags.begin(), options.flags.end());
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  CHECK(pid_ >= 0);
  if (pid_ == 0) Exec(dir_.path(), options, argv.data());
}

Daemon::~Daemon() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string Daemon::Log() const { return testing::ReadText(dir_.File(kLogName)); }

bool Daemon::Says(std::string_view text) const {
  return testing::Eventually([&] { return Log().find(text) != std::string::npos; });
}

int Daemon::PortAfter(std::string_view text) const {
  size_t at = std::string::npos;
  std::string log;
  const bool said = testing::Eventually([&] {
    log = Log();
    at = log.find(text);
    return at != std::string::npos && log.find('\n', at) != std::string::npos;
  });
  return said ? std::atoi(log.c_str() + at + text.size()) : 0;
}

int Daemon::Wait() {
  int status = 0;
  const bool ended = testing::Eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; });
  if (!ended) return -1;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

UniqueFd Dial(int port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd.Reset();
  return fd;
}

std::string ReadLine(const UniqueFd& fd) {
  std::string line;
  for (;;) {
    if (!testing::Readable(fd.get())) return "nothing";
    char c = 0;
    if (::recv(fd.get(), &c, 1, 0) <= 0) return "EOF";
    if (c == '\n') return line;
    if (c != '\r') line += c;
  }
}

std::string ReadBytes(const UniqueFd& fd, size_t size) {
  std::string bytes(size, '\0');
  size_t got = 0;
  while (got < size && testing::Readable(fd.get())) {
    const ssize_t some = ::recv(fd.get(), bytes.data() + got, size - got, 0);
    if (some <= 0) break;
    got += static_cast<size_t>(some);
  }
  bytes.resize(got);
  return bytes;
}

void SendText(const UniqueFd& fd, std::string_view text) {
  CHECK(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(text.size()));
}

}  // namespace dunlin::host
