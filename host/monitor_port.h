// The HTTP connections of the monitoring port: each one's filter, and the request it waits for. No
// sockets here: the event loop moves the bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "engine/base/ids.h"
#include "engine/base/time.h"
#include "net/http/server_conn.h"

namespace dunlin::host {

class MonitorPort {
 public:
  // More are closed as soon as they are accepted.
  static constexpr size_t kConnectionsMax = 1000;

  struct Conn {
    explicit Conn(const http::ServerConn::Options& options) : http(options) {}
    http::ServerConn http;
    ConnId id;
    std::optional<Ticket> asked;             // The question that is out.
    bool peer_done = false;                  // It will send nothing more.
    std::optional<Instant> header_deadline;  // Set while http.AwaitsHeader().
  };

  explicit MonitorPort(http::ServerConn::Options options) : options_(options) {}

  // Nothing: there are too many.
  Conn* Open(ConnId id, Instant now);
  Conn* Find(ConnId id);
  // Nothing if its connection has gone.
  Conn* Find(Ticket ticket);
  // The question that was out, if any: its answer is not wanted any more.
  std::optional<Ticket> Close(ConnId id);

  // The target of the next request of 'conn', if there is one to put to the engine as 'asked'.
  std::optional<std::string> TakeRequest(Conn& conn);
  // The last part of the answer was given to 'conn.http'. REQUIRES: conn.asked.
  void Answered(Conn& conn);

  // Starts or ends the wait for a header. Call after anything happened to 'conn'.
  void Touch(Conn& conn, Instant now);

  // When Overdue() may next have a connection to close.
  Instant NextDeadline() const { return deadline_; }
  // A connection whose header took too long.
  std::optional<ConnId> Overdue(Instant now);

 private:
  const http::ServerConn::Options options_;
  std::map<uint32_t, Conn> conns_;  // By slot.
  std::map<Ticket, ConnId> asked_;
  uint64_t tickets_ = 0;
  Instant deadline_ = kNever;  // Never later than any header_deadline.
};

}  // namespace dunlin::host
