// One HTTP/1.x connection of the monitoring port, as a filter of bytes: bytes in, requests out;
// replies in, bytes out. Does no I/O and reads no clock. Behaves as the reference's HTTP server
// does where a client can see it: framing, keep-alive, pipelining, header order, error replies,
// path clean-up.
//
//   conn.OnBytes(now, bytes);                                // from the socket
//   if (auto request = conn.TakeRequest()) ...               // pass its target to the engine
//   conn.Respond(now, part);                                 // what the engine answered, in parts
//   write conn.Output() to the socket; conn.Consumed(n);     // whenever it is not empty
//   if (conn.ShouldClose() && conn.Output().empty()) close;  // after writing
//   if (!conn.WantsBytes()) stop reading until it does;
//   if (conn.AwaitsHeader()) for kHeaderTimeout: close.
//
// One request is out at a time: those pipelined behind it wait, unparsed, until its last part was
// given to Respond(). After Respond(), look for TakeRequest() again. 404s, redirects, protocol
// errors are answered here and give no request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace dunlin::http {

// How long a client may take for the header of a request; how long it stays idle between requests
// is not limited.
inline constexpr Duration kHeaderTimeout = Seconds(5);

struct Request {
  std::string
      target;  // One of Options::endpoints, and what came from '?' on, still percent-encoded.
};

// A reply, or a piece of it.
struct ResponsePart {
  bool first = true;  // Has 'status' and 'content_type'.
  bool last = true;
  int status = 200;
  std::string_view content_type;
  std::string_view text;
};

class ServerConn {
 public:
  struct Options {
    std::string base_path;                        // As configured: '', '/', 'nats', '/nats/'.
    std::span<const std::string_view> endpoints;  // '/', '/varz', ... Must live on.
    size_t header_bytes_max = (1 << 20) + 4096;   // More is answered 431, and the end.
    size_t body_bytes_max =
        256 << 10;  // A body is read and dropped; a larger one ends the connection.
    size_t waiting_bytes_max =
        64 << 10;  // Bytes behind the present request before WantsBytes() says no.
  };

  explicit ServerConn(Options options);
  ~ServerConn();
  ServerConn(const ServerConn&) = delete;
  ServerConn& operator=(const ServerConn&) = delete;

  // Takes all of 'bytes', whatever WantsBytes() says. Ignores them once ShouldClose().
  void OnBytes(WallTime now, std::span<const uint8_t> bytes);

  // The peer will send nothing more; what it has asked is still answered.
  void OnEnd();

  // The next request to answer. Nothing while one is being answered, or when none is complete.
  [[nodiscard]] std::optional<Request> TakeRequest();

  // Answers the request that is out. REQUIRES: there is one, and parts come in order, first to
  // last.
  void Respond(WallTime now, const ResponsePart& part);

  // What to send; valid until the next call of another function.
  [[nodiscard]] std::string_view Output() const;
  void Consumed(size_t size);

  [[nodiscard]] bool WantsBytes() const;
  [[nodiscard]] bool AwaitsHeader() const;
  // Nothing will be added to Output() any more.
  [[nodiscard]] bool ShouldClose() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dunlin::http
