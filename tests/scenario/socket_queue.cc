#include "tests/scenario/socket_queue.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace dunlin::scenario {
namespace {

enum class Lookup : uint8_t { kFound, kAbsent, kUnavailable };

// Asks for one socket by its ports.
Lookup AskKernel(int local_port, int remote_port, uint32_t* unread) {
  static const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) return Lookup::kUnavailable;
  struct {
    nlmsghdr header;
    inet_diag_req_v2 request;
  } ask = {};
  ask.header.nlmsg_len = sizeof ask;
  ask.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  ask.header.nlmsg_flags = NLM_F_REQUEST;
  ask.request.sdiag_family = AF_INET;
  ask.request.sdiag_protocol = IPPROTO_TCP;
  ask.request.id.idiag_sport = htons(static_cast<uint16_t>(local_port));
  ask.request.id.idiag_dport = htons(static_cast<uint16_t>(remote_port));
  ask.request.id.idiag_src[0] = ask.request.id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
  ask.request.id.idiag_cookie[0] = ask.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (send(fd, &ask, sizeof ask, 0) != sizeof ask) return Lookup::kUnavailable;
  alignas(nlmsghdr) char answer[4096];
  const ssize_t size = recv(fd, answer, sizeof answer, 0);
  const auto* header = reinterpret_cast<const nlmsghdr*>(answer);
  if (size < static_cast<ssize_t>(sizeof(nlmsghdr))) return Lookup::kUnavailable;
  if (header->nlmsg_type == NLMSG_ERROR) {
    const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(header));
    return error->error == -ENOENT ? Lookup::kAbsent : Lookup::kUnavailable;
  }
  *unread = static_cast<const inet_diag_msg*>(NLMSG_DATA(header))->idiag_rqueue;
  return Lookup::kFound;
}

// Where the kernel has no such interface: the table as text.
std::optional<uint32_t> ReadTable(int local_port, int remote_port) {
  FILE* table = fopen("/proc/net/tcp", "r");
  if (table == nullptr) return std::nullopt;
  char line[512];
  std::optional<uint32_t> unread;
  while (!unread && fgets(line, sizeof line, table) != nullptr) {
    unsigned local = 0, remote = 0, out = 0, in = 0;
    if (sscanf(line, " %*d: %*8X:%X %*8X:%X %*X %X:%X", &local, &remote, &out, &in) != 4) continue;
    if (local == static_cast<unsigned>(local_port) &&
        remote == static_cast<unsigned>(remote_port)) {
      unread = in;
    }
  }
  fclose(table);
  return unread;
}

}  // namespace

std::optional<uint32_t> UnreadBytes(int local_port, int remote_port) {
  static bool available = true;
  if (available) {
    uint32_t unread = 0;
    switch (AskKernel(local_port, remote_port, &unread)) {
      case Lookup::kFound: return unread;
      case Lookup::kAbsent: return std::nullopt;
      case Lookup::kUnavailable: available = false; break;
    }
  }
  return ReadTable(local_port, remote_port);
}

}  // namespace dunlin::scenario
