#include "host/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "engine/base/address.h"
#include "engine/base/check.h"
#include "host/system_error.h"

namespace dunlin::host {
namespace {

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

bool SomebodyWaits(int listening) {
  pollfd waiting{listening, POLLIN, 0};
  return poll(&waiting, 1, 0) > 0;
}

// Writes the numeric address into 'buffer'; an IPv4 peer of a dual-stack socket is an IPv4 peer.
Peer PeerOf(const SocketAddress& address, char* buffer) {
  const void* bytes = &address.v4.sin_addr;
  int family = address.any.sa_family;
  int port = ntohs(address.v4.sin_port);
  if (family == AF_INET6) {
    port = ntohs(address.v6.sin6_port);
    bytes = &address.v6.sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr)) {
      family = AF_INET;
      bytes = address.v6.sin6_addr.s6_addr + 12;
    }
  }
  if (inet_ntop(family, bytes, buffer, kAddressMax) == nullptr) buffer[0] = '\0';
  return {buffer, port};
}

struct Target {
  SocketAddress address;
  socklen_t size;
};

std::optional<Target> EveryAddress(int family, int port) {
  Target target{};
  target.address.any.sa_family = static_cast<sa_family_t>(family);
  if (family == AF_INET6) {
    target.address.v6.sin6_port = htons(static_cast<uint16_t>(port));
    target.size = sizeof(sockaddr_in6);
  } else {
    target.address.v4.sin_port = htons(static_cast<uint16_t>(port));
    target.size = sizeof(sockaddr_in);
  }
  return target;
}

// An address of 'host', the first IPv4 one if there is any.
std::optional<Target> Resolve(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return std::nullopt;
  const addrinfo* chosen = nullptr;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    if (chosen == nullptr || (chosen->ai_family == AF_INET6 && at->ai_family == AF_INET))
      chosen = at;
  }
  std::optional<Target> target;
  if (chosen != nullptr) {
    target.emplace();
    std::memcpy(&target->address, chosen->ai_addr, chosen->ai_addrlen);
    target->size = chosen->ai_addrlen;
    const uint16_t net_port = htons(static_cast<uint16_t>(port));
    (chosen->ai_family == AF_INET ? target->address.v4.sin_port : target->address.v6.sin6_port) =
        net_port;
  }
  freeaddrinfo(list);
  return target;
}

// The monitoring listener keeps its connections alive; the NATS protocol has PING for that, and the
// reference turns TCP's own off there, for the sake of devices that pay for every packet.
void SetOptions(int fd, int family, ListenerKind kind) {
  const int on = 1, off = 0, keepalive_seconds = 15;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  // Accepted sockets inherit these.
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (kind != ListenerKind::kMonitor) return;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &keepalive_seconds, sizeof keepalive_seconds);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &keepalive_seconds, sizeof keepalive_seconds);
}

struct Bound {
  UniqueFd fd;
  const char* call = "";  // The one that failed.
  int error = 0;
};

// A socket that listens on 'target'.
Bound Bind(const Target& target, ListenerKind kind) {
  constexpr int kBacklog = 65535;  // The system caps it (net.core.somaxconn).
  const int family = target.address.any.sa_family;
  Bound bound;
  bound.fd.Reset(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!bound.fd.valid()) {
    bound.call = "socket";
  } else {
    SetOptions(bound.fd.get(), family, kind);
    if (::bind(bound.fd.get(), &target.address.any, target.size) != 0) {
      bound.call = "bind";
    } else if (::listen(bound.fd.get(), kBacklog) != 0) {
      bound.call = "listen";
    } else {
      return bound;
    }
  }
  bound.error = errno;
  return bound;
}

std::string NameOf(int fd, int (*ask)(int, sockaddr*, socklen_t*)) {
  SocketAddress address{};
  socklen_t size = sizeof address;
  char buffer[kAddressMax];
  if (ask(fd, &address.any, &size) != 0) return "";
  const Peer name = PeerOf(address, buffer);
  return JoinHostPort(name.address, name.port);
}

}  // namespace

std::string ConnectionError(int fd, std::string_view call, int error) {
  std::string text(call);
  text += " tcp ";
  text += NameOf(fd, getsockname);
  // Go keeps the peer's address from the accept; here a reset connection has lost it.
  if (const std::string peer = NameOf(fd, getpeername); !peer.empty()) text += "->" + peer;
  text += ": ";
  text += call;
  text += ": ";
  text += ErrorWords(error);
  return text;
}

std::string Listener::Open(std::string_view host, int64_t port) {
  if (port == -1) port = 0;
  if (port < 0 || port > 65535)
    return "listen tcp: address " + std::to_string(port) + ": invalid port";
  const int number = static_cast<int>(port);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const std::string name(bracketed ? host.substr(1, host.size() - 2) : host);
  const bool every = name.empty() || name == "0.0.0.0" || name == "::";
  const auto target = every ? EveryAddress(AF_INET6, number) : Resolve(name, number);
  if (!target) return "listen tcp: lookup " + name + ": no such host";

  Bound bound = Bind(*target, kind_);
  const bool no_ipv6 = bound.error == EAFNOSUPPORT || bound.error == EADDRNOTAVAIL;
  if (every && no_ipv6) bound = Bind(*EveryAddress(AF_INET, number), kind_);
  char buffer[kAddressMax];
  if (bound.error != 0) {
    // The reference takes '::' for '0.0.0.0' too, and shows that.
    const std::string_view shown = name == "::" ? "0.0.0.0"
                                   : every      ? std::string_view(name)
                                                : PeerOf(target->address, buffer).address;
    return "listen tcp " + JoinHostPort(shown, port) + ": " + bound.call + ": " +
           std::string(ErrorWords(bound.error));
  }
  SocketAddress address{};
  socklen_t size = sizeof address;
  CHECK(getsockname(bound.fd.get(), &address.any, &size) == 0);
  const Peer local = PeerOf(address, buffer);
  address_ = local.address;
  port_ = local.port;
  fd_ = std::move(bound.fd);
  return "";
}

Listener::Accepted Listener::Accept(UniqueFd& fd, Peer& peer, char* buffer, int& error) {
  constexpr int kTries = 16;  // A flood of connections that are reset before we get to them.
  for (int i = 0; i < kTries; ++i) {
    SocketAddress address{};
    socklen_t size = sizeof address;
    const int got = accept4(fd_.get(), &address.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (got >= 0) {
      fd.Reset(got);
      peer = PeerOf(address, buffer);
      return Accepted::kConnection;
    }
    switch (errno) {
      case EAGAIN: return Accepted::kNone;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        // The system looks for a descriptor before it looks for who waits.
        error = errno;
        return SomebodyWaits(fd_.get()) ? Accepted::kExhausted : Accepted::kNone;
      default: break;  // An error of the connection that waited, not of ours: see accept(2).
    }
  }
  return Accepted::kNone;
}

}  // namespace dunlin::host
