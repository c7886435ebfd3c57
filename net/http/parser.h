// Reads one HTTP/1.x request after the other from a stream of bytes. Boost.Beast does the fields,
// the body length and the chunks; what Go's server does otherwise is done around it: bare line
// feeds, folded lines, its own words for each kind of broken request.
//
// Keeps of a request what decides the answer; the body is counted and dropped.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace dunlin::http {

struct ParsedRequest {
  std::string method;
  std::string target;
  bool http10 = false;         // Else 1.1 or later.
  bool keep_alive = true;      // The client wants to go on after this one.
  bool body_unread = false;    // The body is broken or too large: answer, then close.
  bool expects_other = false;  // 'Expect' says something that nobody here can do.
};

// What is sent, and the end of it, when a request cannot be understood.
struct ProtocolError {
  std::string status_line;  // '400 Bad Request'
  std::string body;
};

class RequestParser {
 public:
  struct Limits {
    size_t header_bytes_max;
    size_t body_bytes_max;
  };
  enum class State {
    kIdle,      // Nothing of the next request is here.
    kHeader,    // Part of its header is.
    kBody,      // All of its header is.
    kComplete,  // request() may be answered. Next() goes on.
    kFailed,    // error() may be sent. Final.
  };

  explicit RequestParser(Limits limits);
  ~RequestParser();

  // Takes bytes up to the end of the request and returns how many. Takes none when complete or
  // failed.
  size_t Feed(std::string_view bytes);
  // No more bytes will come. A body that is cut short counts as unread; a header makes no request.
  void OnEnd();
  // Begins the next request. REQUIRES: state() == kComplete.
  void Next();

  State state() const { return state_; }
  const ParsedRequest& request() const { return request_; }
  const ProtocolError& error() const { return error_; }

 private:
  class Beast;

  size_t FeedHeader(std::string_view bytes);
  size_t FeedBody(std::string_view bytes);
  void ParseHeader();
  void Fail(std::string_view status_line, std::string_view body);
  void FailBadRequest(std::string_view why = {});

  const Limits limits_;
  State state_ = State::kIdle;
  ParsedRequest request_;
  ProtocolError error_;
  std::string header_;     // The lines so far, as they came.
  size_t line_at_ = 0;     // Where the line begins whose end is looked for.
  std::string body_rest_;  // Bytes of a chunk's header whose end is not here yet.
  size_t body_bytes_ = 0;
  std::unique_ptr<Beast> beast_;
};

}  // namespace dunlin::http
