// Listening sockets: opening one as the reference's users expect it, and taking connections from
// it.
//
// A host name is looked up once, when the socket is opened; of several addresses the first IPv4 one
// is taken. '', '0.0.0.0' and '::' all mean every address of both families, where the system has
// IPv6.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/server/event.h"
#include "host/unique_fd.h"

namespace dunlin::host {

// The words of ErrorWords() as the reference reports a failed call on a socket of a connection:
// 'write tcp 127.0.0.1:4222->127.0.0.1:50312: write: broken pipe'.
[[nodiscard]] std::string ConnectionError(int fd, std::string_view call, int error);

struct Peer {
  std::string_view address;  // '127.0.0.1', '::1'; points into the caller's buffer.
  int port = 0;
};
// Long enough for any address.
inline constexpr size_t kAddressMax = 48;

class Listener {
 public:
  enum class Accepted : uint8_t {
    kConnection,  // One more in 'fd' and 'peer'.
    kNone,        // Nobody waits.
    kExhausted,   // The system has no descriptor or memory for who waits; 'error' says which.
  };

  explicit Listener(ListenerKind kind) : kind_(kind) {}

  // Opens, non-blocking. 'port' 0 or -1: any free one. On failure returns the reference's words, as
  // in 'listen tcp 127.0.0.1:4222: bind: address already in use'; empty when it worked.
  [[nodiscard]] std::string Open(std::string_view host, int64_t port);
  void Close() { fd_.Reset(); }

  // Takes one waiting connection. The socket is non-blocking and has TCP_NODELAY; 'buffer' holds at
  // least kAddressMax bytes.
  Accepted Accept(UniqueFd& fd, Peer& peer, char* buffer, int& error);

  ListenerKind kind() const { return kind_; }
  bool open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }
  int port() const { return port_; }
  const std::string& address() const { return address_; }  // The bound one: '127.0.0.1', '::'.
  bool every_address() const { return address_ == "::" || address_ == "0.0.0.0"; }

 private:
  const ListenerKind kind_;
  UniqueFd fd_;
  std::string address_;
  int port_ = 0;
};

}  // namespace dunlin::host
