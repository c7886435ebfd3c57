#include "host/syslog.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "engine/base/quote.h"
#include "host/system_error.h"

namespace dunlin::host {
namespace {

using Network = SyslogAddress::Network;

constexpr int kKernelFacility = 0;  // What the reference sends to remote loggers.
constexpr int kDaemonFacility = 3;

int Severity(LogLevel level) {
  switch (level) {
    case LogLevel::kFatal: return 2;
    case LogLevel::kError: return 3;
    case LogLevel::kWarn: return 4;
    case LogLevel::kInfo: return 5;
    case LogLevel::kDebug: return 7;
    case LogLevel::kTrace: return 5;  // As the reference has it.
  }
  return 5;
}

std::string UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return "";
  std::memcpy(address.sun_path, path.data(), path.size());
  return std::string(reinterpret_cast<const char*>(&address), sizeof address);
}

// The socket address of 'host:port'.
Result<std::string> InternetAddress(std::string_view network, const std::string& address,
                                    int type) {
  const std::string dial = "dial " + std::string(network) + ": ";
  const size_t colon = address.rfind(':');
  const bool in_brackets =
      colon != std::string::npos && address.find(']', colon) != std::string::npos;
  if (colon == std::string::npos || in_brackets) {
    return Error{dial + "address " + address + ": missing port in address"};
  }
  std::string host = address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = type;
  addrinfo* list = nullptr;
  const std::string port = address.substr(colon + 1);
  const char* node = host.empty() ? "127.0.0.1" : host.c_str();
  if (getaddrinfo(node, port.c_str(), &hints, &list) != 0) {
    return Error{dial + "lookup " + host + ": no such host"};
  }
  std::string found(reinterpret_cast<const char*>(list->ai_addr), list->ai_addrlen);
  freeaddrinfo(list);
  return found;
}

int FamilyOf(const std::string& destination) {
  sockaddr header{};
  std::memcpy(&header, destination.data(), sizeof(header.sa_family));
  return header.sa_family;
}

// Waits for a connection that was begun; errno, or 0.
int FinishConnecting(int fd) {
  pollfd ready{fd, POLLOUT, 0};
  if (::poll(&ready, 1, static_cast<int>(kSyslogConnectMax.ns / 1'000'000)) <= 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

Result<SyslogAddress> ParseSyslogUrl(std::string_view url) {
  const size_t scheme_end = url.find("://");
  const size_t colon = url.find(':');
  const std::string scheme(
      url.substr(0, scheme_end != std::string_view::npos ? scheme_end : colon));
  if (scheme_end == std::string_view::npos ||
      (scheme != "udp" && scheme != "tcp" && scheme != "unix")) {
    return Error{"error invalid network type: " +
                 GoQuote(colon == std::string_view::npos ? "" : scheme)};
  }
  const std::string_view rest = url.substr(scheme_end + 3);
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (scheme != "unix") {
    return SyslogAddress{scheme == "udp" ? Network::kUdp : Network::kTcp,
                         std::string(host.substr(host.rfind('@') + 1))};
  }
  const std::string_view path = rest.substr(host.size());
  return SyslogAddress{Network::kUnix, std::string(path.substr(0, path.find_first_of("?#")))};
}

std::string SyslogTag(std::string_view program) {
  while (!program.empty() && program.back() == '/') program.remove_suffix(1);
  const size_t slash = program.rfind('/');
  return std::string(program.substr(slash == std::string_view::npos ? 0 : slash + 1));
}

Syslog::Syslog(Options options) : options_(std::move(options)) {}

std::optional<Error> Syslog::Open() {
  const auto failed = [](std::string_view why) {
    return Error{"error connecting to syslog: " + GoQuote(why)};
  };
  const std::string& address = options_.to.address;
  switch (options_.to.network) {
    case Network::kLocal:
      for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
        for (const char* path : {"/dev/log", "/var/run/syslog", "/var/run/log"}) {
          socket_type_ = type;
          destination_ = UnixAddress(path);
          if (!Connect(Wait::kForConnection)) return std::nullopt;
        }
      }
      return failed("Unix syslog delivery error");
    case Network::kUnix:
      socket_type_ = SOCK_STREAM;
      destination_ = UnixAddress(address);
      if (destination_.empty())
        return failed("dial unix " + address + ": connect: invalid argument");
      break;
    case Network::kUdp:
    case Network::kTcp: {
      socket_type_ = options_.to.network == Network::kUdp ? SOCK_DGRAM : SOCK_STREAM;
      auto found =
          InternetAddress(socket_type_ == SOCK_DGRAM ? "udp" : "tcp", address, socket_type_);
      if (!found.ok()) return failed(found.error().text);
      destination_ = std::move(found.value());
      break;
    }
  }
  if (auto error = Connect(Wait::kForConnection)) return failed(error->text);
  return std::nullopt;
}

std::optional<Error> Syslog::Connect(Wait wait) {
  stream_.reset();
  datagrams_.Reset();
  UniqueFd fd(::socket(FamilyOf(destination_), socket_type_ | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto* to = reinterpret_cast<const sockaddr*>(destination_.data());
  int error = 0;
  if (!fd.valid() || ::connect(fd.get(), to, static_cast<socklen_t>(destination_.size())) != 0) {
    error = errno;
  }
  if (error == EINPROGRESS) error = wait == Wait::kForConnection ? FinishConnecting(fd.get()) : 0;
  if (error != 0) {
    const std::string_view network = options_.to.network == Network::kUdp   ? "udp"
                                     : options_.to.network == Network::kTcp ? "tcp"
                                                                            : "unix";
    return Error{"dial " + std::string(network) + " " + options_.to.address +
                 ": connect: " + std::string(ErrorWords(error))};
  }
  if (socket_type_ == SOCK_STREAM) {
    stream_ = LogWriter::Owning(std::move(fd));
  } else {
    datagrams_ = std::move(fd);
  }
  return std::nullopt;
}

void Syslog::Format(WallTime at, LogLevel level, std::string_view text) {
  const bool local = options_.to.network == Network::kLocal;
  const time_t seconds = at.ns / 1'000'000'000;
  tm parts{};
  localtime_r(&seconds, &parts);
  char stamp[64];
  if (local) {
    strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &parts);
  } else {
    const size_t size = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts);
    const long minutes = parts.tm_gmtoff / 60, off = minutes < 0 ? -minutes : minutes;
    if (minutes == 0) {
      std::strcpy(stamp + size, "Z");
    } else {
      std::snprintf(stamp + size, sizeof stamp - size, "%c%02ld:%02ld", minutes < 0 ? '-' : '+',
                    off / 60, off % 60);
    }
  }
  const int priority = (local ? kDaemonFacility : kKernelFacility) * 8 + Severity(level);
  line_ = "<" + std::to_string(priority) + ">" + stamp + " ";
  if (!local) line_ += options_.hostname + " ";
  line_ += options_.tag + "[" + std::to_string(options_.pid) + "]: ";
  line_ += text;
  if (line_.back() != '\n') line_ += '\n';
}

void Syslog::Write(WallTime at, LogLevel level, std::string_view text) {
  Format(at, level, text);
  if (Send()) return;
  if (at - tried_at_ < Seconds(1)) return;  // Dropped: the logger was not there a moment ago.
  tried_at_ = at;
  if (!Connect(Wait::kNo)) (void)Send();
}

// Whether 'line_' is on its way, or was dropped for want of room.
bool Syslog::Send() {
  if (stream_) {
    const size_t line_start = stream_->pending_bytes();
    stream_->pending() += line_;
    stream_->Commit(line_start);
    return true;
  }
  if (!datagrams_.valid()) return false;
  if (::send(datagrams_.get(), line_.data(), line_.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
    return true;
  return errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE;
}

void Syslog::Flush(WallTime) {
  // If it is gone what waited is lost; the next line connects again.
  if (stream_ && stream_->Flush() != 0) stream_.reset();
}

}  // namespace dunlin::host
