// What the engine asks its driver to do: values, appended while Step() runs, carried out in order
// after it returns. Reused from batch to batch, so that a steady state allocates nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/ids.h"
#include "engine/server/event.h"

namespace dunlin {

// In the reference's order of severity; the host prints them as [FTL] [ERR] [WRN] [INF] [DBG]
// [TRC].
enum class LogLevel : uint8_t { kFatal, kError, kWarn, kInfo, kDebug, kTrace };

// What takes too long for a step: a driver computes it beside the engine.
enum class Computation : uint8_t {
  kBcryptMatches,  // Whether a bcrypt hash (first) was made of a password (second).
};

struct Effect {
  enum class Kind : uint8_t {
    kWrite,       // Take Server::GatherOutput(conn), write it, answer kWritten. Sent only while the
                  // connection is not blocked; a blocked one is written on by the driver itself as
                  // soon as it takes bytes again, with a kWritten each time.
    kPauseReads,  // Take no more bytes from the peer of 'conn' ...
    kResumeReads,  // ... until told so.
    kClose,  // Write what GatherOutput still has if that works at once, then close; answer kClosed.
    kListen,         // Listen for 'listener' on 'text':'port' (-1: any port); answer kListening or
                     // kListenFailed.
    kStopListening,  // Close the listening socket of 'listener'.
    kLog,            // 'text' is a line without time stamp; 'level'.
    kReopenLog,      // Close and open the log file.
    kCompute,        // Answer 'computation' of the two texts Outbox::Arguments() to 'ticket' with
                     // kComputed, some time. Few are out at once.
    kMonitorReply,   // A part of the answer to 'ticket': body bytes 'text'. The one that is 'first'
                     // has 'status' and 'content_type'; nothing follows the one that is 'last'.
    kExit,           // The node is done; leave with 'status' as exit code. Nothing follows.
  };
  Kind kind;
  LogLevel level = LogLevel::kInfo;
  ListenerKind listener = ListenerKind::kClient;
  ConnId conn;
  int64_t port = 0;
  int status = 0;
  bool first = true, last = true;
  Ticket ticket;
  Computation computation = Computation::kBcryptMatches;
  uint32_t text_at = 0, text_size = 0;  // See Outbox::Text().
  uint32_t first_size = 0;              // See Outbox::Arguments().
  const char* content_type = "";        // A literal.
};

class Outbox {
 public:
  const std::vector<Effect>& effects() const { return effects_; }
  std::string_view Text(const Effect& effect) const {
    return std::string_view(texts_).substr(effect.text_at, effect.text_size);
  }
  // REQUIRES: kCompute.
  std::pair<std::string_view, std::string_view> Arguments(const Effect& effect) const {
    const std::string_view both = Text(effect);
    return {both.substr(0, effect.first_size), both.substr(effect.first_size)};
  }
  bool empty() const { return effects_.empty(); }
  // Drops everything; what was borrowed from Text() dies with it.
  void Clear();

  void Write(ConnId conn);
  void PauseReads(ConnId conn);
  void ResumeReads(ConnId conn);
  void Close(ConnId conn);
  void Listen(ListenerKind listener, std::string_view host, int64_t port);
  void StopListening(ListenerKind listener);
  void Log(LogLevel level, std::string_view line);
  void ReopenLog();
  void Compute(Ticket ticket, Computation computation, std::string_view first,
               std::string_view second);
  void MonitorReply(const Effect& head, std::string_view body);
  void Exit(int code);

 private:
  Effect& Add(Effect::Kind kind, std::string_view text = {});

  std::vector<Effect> effects_;
  std::string texts_;
};

}  // namespace dunlin
