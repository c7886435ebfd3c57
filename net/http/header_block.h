// The header of a request as lines, in the form that is given to Beast: folded lines joined, line
// ends CRLF, and without the fields that are decided here because Go's server decides them in its
// own way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dunlin::http {

struct RequestLine {
  std::string_view method;
  std::string_view target;
  int major = 0;
  int minor = 0;
};

// 'GET /varz HTTP/1.1'. False: malformed.
[[nodiscard]] bool ParseRequestLine(std::string_view line, RequestLine* out);

struct HeaderBlock {
  std::string fields;  // 'Name: value CRLF' ... for Beast: all but those below.
  std::vector<std::string> hosts;
  std::vector<std::string> transfer_encodings;
  std::vector<std::string> content_length_lines;  // Whole lines, CRLF included.
  bool says_close = false;                        // Connection
  bool says_keep_alive = false;                   // Connection
  bool expects_continue = false;
  bool expects_other = false;
  enum class Fault { kNone, kMalformed, kBadName } fault = Fault::kNone;
};

// 'lines' is what follows the request line, up to and with the empty line.
[[nodiscard]] HeaderBlock ParseHeaderBlock(std::string_view lines);

// Without the line end (LF or CRLF).
[[nodiscard]] std::string_view StripLineEnd(std::string_view line);

}  // namespace dunlin::http
