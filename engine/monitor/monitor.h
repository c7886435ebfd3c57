// Answers monitoring requests: a path and query in, a status and a body out. No HTTP here (net/http
// has it), and no state but the requests that wait and how many came for each page.
//
// Long listings are worked off in slices: 50,000 connections, sorted, are some tens of milliseconds
// of work, and routing must not wait for them. The server does this:
//
//   on kMonitorRequest:   monitor.OnRequest(ticket, target);
//   once in every Step:   if (monitor.HasWork()) monitor.Work(source, &output);
//                         ... one effect for each of output.replies, one warning line for each of
//                         output.warnings; then output.Clear()
//   NextDeadline():       now, while HasWork()
//
// Requests are answered in the order in which they came, one at a time. A reply comes in one or
// more parts: a big body is never in one piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ids.h"
#include "engine/monitor/source.h"

namespace dunlin::monitor {

// The paths that are served, below http_base_path: what a driver gives to net/http to tell a page
// from a 404. '/' is the first.
[[nodiscard]] std::span<const std::string_view> Endpoints();

inline constexpr char kJsonType[] = "application/json";
inline constexpr char kJsonUtf8Type[] = "application/json; charset=utf-8";
inline constexpr char kTextType[] = "text/plain; charset=utf-8";
inline constexpr char kHtmlType[] = "text/html; charset=utf-8";
inline constexpr char kBytesType[] = "application/octet-stream";

// A piece of the answer to 'ticket'. Parts of one ticket follow each other without another's
// between.
struct ReplyPart {
  Ticket ticket;
  bool first = true;  // Has 'status' and 'content_type'.
  bool last = true;   // Nothing follows for this ticket.
  int status = 200;
  const char* content_type = kJsonType;  // A literal.
  std::string text;
};

struct MonitorOutput {
  std::vector<ReplyPart> replies;
  std::vector<std::string> warnings;  // Lines for the log.

  void Clear() {
    replies.clear();
    warnings.clear();
  }
};

class Job;
class Query;

class Monitor {
 public:
  struct Options {
    std::string base_path = {};          // http_base_path, as configured.
    size_t requests_max = 256;           // That wait; the next is answered 503.
    size_t target_bytes_max = 16 << 10;  // A longer path and query is answered 414.
  };

  explicit Monitor(Options options);
  ~Monitor();

  // 'target' is a path of Endpoints() and perhaps '?' and a query, still percent-encoded.
  void OnRequest(Ticket ticket, std::string_view target);

  // The asker of 'ticket' is gone: stop working for it.
  void OnGone(Ticket ticket);

  bool HasWork() const { return !waiting_.empty() || !refused_.empty(); }

  // Works for about 'budget' units (kSliceBudget: half a millisecond) and appends what is ready.
  void Work(Source& source, MonitorOutput* out, size_t budget);
  void Work(Source& source, MonitorOutput* out);

 private:
  struct Waiting {
    Ticket ticket;
    std::string target;
  };
  struct Refused {
    Ticket ticket;
    int status;
  };
  struct Begun;

  Begun Begin(Source& source, std::string_view target);
  Begun BeginConnz(Source& source, Query* query);
  void WorkOnJob(Source& source, MonitorOutput* out, size_t* budget);
  void FinishFirst();
  void Count(std::string_view path);

  const Options options_;
  std::map<std::string, uint64_t, std::less<>> requests_;  // By path: 'http_req_stats'.
  std::deque<Waiting> waiting_;                            // The first one is being worked on.
  std::vector<Refused> refused_;                           // To be told so by the next Work().
  std::unique_ptr<Job> job_;  // Makes the page of waiting_.front(); null if that is not begun.
  std::string text_;          // What it made and was not passed on yet.
  bool head_sent_ = false;
};

}  // namespace dunlin::monitor
