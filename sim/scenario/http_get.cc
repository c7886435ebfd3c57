#include "sim/scenario/http_get.h"

#include <charconv>
#include <string_view>

namespace dunlin::scenario {
namespace {

// Takes the chunk sizes out of a body in the chunked transfer coding.
std::string WithoutChunks(std::string_view body) {
  std::string out;
  while (true) {
    size_t size = 0;
    const size_t end = body.find("\r\n");
    if (end == std::string_view::npos) return out;
    std::from_chars(body.data(), body.data() + end, size, 16);
    if (size == 0 || body.size() < end + 2 + size + 2) return out;
    out += body.substr(end + 2, size);
    body.remove_prefix(end + 2 + size + 2);
  }
}

HttpAnswer ParseAnswer(std::string_view bytes) {
  HttpAnswer answer;
  const size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos || !bytes.starts_with("HTTP/1.1 ")) {
    answer.problem = "the answer is no HTTP/1.1";
    return answer;
  }
  std::from_chars(bytes.data() + 9, bytes.data() + head_end, answer.status);
  bool chunked = false;
  for (size_t at = bytes.find("\r\n") + 2; at < head_end + 2;) {
    const size_t end = bytes.find("\r\n", at);
    answer.headers.emplace_back(bytes.substr(at, end - at));
    chunked |= answer.headers.back() == "Transfer-Encoding: chunked";
    at = end + 2;
  }
  const std::string_view body = bytes.substr(head_end + 4);
  answer.body = chunked ? WithoutChunks(body) : std::string(body);
  return answer;
}

}  // namespace

HttpAnswer HttpGet(Target& target, const std::string& server, const std::string& path,
                   Instant deadline) {
  HttpAnswer answer;
  const ConnectionId id = target.Open(server, Port::kMonitor, 0, &answer.problem);
  if (id < 0) return answer;
  target.Send(id, "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  while (target.State(id) == ConnectionState::kOpen) {
    if (!target.Progress(deadline)) {
      answer.problem = "no answer to GET " + path;
      break;
    }
  }
  if (answer.problem.empty()) answer = ParseAnswer(target.Received(id));
  target.Close(id);
  return answer;
}

}  // namespace dunlin::scenario
