#include "tests/differential/reference.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "engine/base/check.h"
#include "tests/differential/session.h"
#include "tests/support/eventually.h"

namespace dunlin::differential {

std::optional<std::string> FindReference() {
  if (const char* named = std::getenv("DUNLIN_ORACLE")) return named;
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const size_t end = rest.find(':');
    const std::string file = std::string(rest.substr(0, end)) + "/nats-server";
    if (::access(file.c_str(), X_OK) == 0) return file;
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  }
  return std::nullopt;
}

Reference::Reference(const std::string& binary, const config::Options& options) {
  CHECK(scenario::WriteWholeFile(folder_.File("s.conf"), ConfigText(options)));
  process_ =
      scenario::StartProcess(binary, {binary, "-c", "s.conf", "--ports_file_dir", folder_.path()},
                             folder_.path(), scenario::Streams::kTogether);
  const bool up = testing::Eventually([this] {
    for (const std::string& name : scenario::ListFolder(folder_.path())) {
      if (!name.ends_with(".ports")) continue;
      const std::string text = scenario::ReadWholeFile(folder_.File(name)).value_or("");
      const size_t at = text.find("127.0.0.1:");
      if (at == text.npos || text.find('}') == text.npos) return false;
      port_ = std::atoi(text.c_str() + at + 10);
      return port_ > 0;
    }
    return false;
  });
  if (!up) port_ = 0;
}

Reference::~Reference() {
  ::kill(process_.pid, SIGKILL);
  (void)scenario::Reap(process_.pid);
  ::close(process_.errors);
}

Socket::Socket(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Socket::Socket(Socket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      received_(std::move(other.received_)),
      ended_(other.ended_) {}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

void Socket::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // It has closed; Receive() will say so.
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

bool Socket::Receive(std::chrono::milliseconds patience) {
  if (ended_) return true;
  pollfd ready{fd_, POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(patience.count())) <= 0) return false;
  char piece[64 << 10];
  const ssize_t size = ::recv(fd_, piece, sizeof piece, 0);
  if (size > 0)
    received_.append(piece, static_cast<size_t>(size));
  else
    ended_ = true;
  return true;
}

void Socket::Finish() { ::shutdown(fd_, SHUT_WR); }

}  // namespace dunlin::differential
