#include "net/http/parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>

#include "engine/base/check.h"
#include "net/http/header_block.h"

namespace dunlin::http {
namespace {

namespace beast = boost::beast;

bool IsHostChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!$%&()*+,-.:;='[]_~").find(c) != std::string_view::npos;
}

bool IsChunked(std::string_view value) {
  constexpr std::string_view kChunked = "chunked";
  return std::equal(value.begin(), value.end(), kChunked.begin(), kChunked.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

// Beast's parser with nothing kept: we want its verdict on fields and its idea of where a body
// ends.
class RequestParser::Beast : public beast::http::basic_parser<true> {
 public:
  Beast() {
    header_limit(UINT32_MAX);  // Counted by us, in bytes as they came.
    body_limit(boost::none);
  }

 private:
  using Text = beast::string_view;
  using Code = beast::error_code;

  void on_request_impl(beast::http::verb, Text, Text, int, Code& ec) override { ec = {}; }
  void on_response_impl(int, Text, int, Code& ec) override { ec = {}; }
  void on_field_impl(beast::http::field, Text, Text, Code& ec) override { ec = {}; }
  void on_header_impl(Code& ec) override { ec = {}; }
  void on_body_init_impl(boost::optional<uint64_t> const&, Code& ec) override { ec = {}; }
  size_t on_body_impl(Text text, Code& ec) override {
    ec = {};
    return text.size();
  }
  void on_chunk_header_impl(uint64_t, Text, Code& ec) override { ec = {}; }
  size_t on_chunk_body_impl(uint64_t, Text text, Code& ec) override {
    ec = {};
    return text.size();
  }
  void on_finish_impl(Code& ec) override { ec = {}; }
};

RequestParser::RequestParser(Limits limits) : limits_(limits) {}
RequestParser::~RequestParser() = default;

void RequestParser::Fail(std::string_view status_line, std::string_view body) {
  state_ = State::kFailed;
  error_ = {std::string(status_line), std::string(body)};
  header_ = {};
}

void RequestParser::FailBadRequest(std::string_view why) {
  std::string text = "400 Bad Request";
  if (!why.empty()) text.append(": ").append(why);
  Fail(text, text);
}

size_t RequestParser::Feed(std::string_view bytes) {
  size_t used = 0;
  while (used < bytes.size()) {
    const std::string_view rest = bytes.substr(used);
    if (state_ == State::kIdle || state_ == State::kHeader) {
      used += FeedHeader(rest);
    } else if (state_ == State::kBody) {
      used += FeedBody(rest);
    } else {
      break;
    }
  }
  return used;
}

// Takes bytes up to the end of the header. The header is complete at the first empty line.
size_t RequestParser::FeedHeader(std::string_view bytes) {
  state_ = State::kHeader;
  size_t used = 0;
  while (used < bytes.size() && state_ == State::kHeader) {
    const size_t newline = bytes.find('\n', used);
    const size_t end = newline == std::string_view::npos ? bytes.size() : newline + 1;
    header_.append(bytes.substr(used, end - used));
    used = end;
    if (header_.size() > limits_.header_bytes_max) {
      constexpr std::string_view kTooLarge = "431 Request Header Fields Too Large";
      Fail(kTooLarge, kTooLarge);
    } else if (newline != std::string_view::npos) {
      const std::string_view line = StripLineEnd(std::string_view(header_).substr(line_at_));
      if (line_at_ == 0) {
        RequestLine ignored;
        if (!ParseRequestLine(line, &ignored)) FailBadRequest();
      } else if (line.empty()) {
        ParseHeader();
      }
      line_at_ = header_.size();
    }
  }
  return used;
}

void RequestParser::ParseHeader() {
  const size_t first_end = header_.find('\n') + 1;
  RequestLine line;
  CHECK(ParseRequestLine(StripLineEnd(std::string_view(header_).substr(0, first_end)), &line));
  const HeaderBlock block = ParseHeaderBlock(std::string_view(header_).substr(first_end));
  request_ = {};
  request_.method = line.method;
  request_.target = line.target;
  request_.http10 = line.major == 1 && line.minor == 0;
  request_.keep_alive =
      request_.http10 ? block.says_keep_alive && !block.says_close : !block.says_close;
  request_.expects_other = block.expects_other;

  if (block.fault == HeaderBlock::Fault::kMalformed || block.hosts.size() > 1) {
    return FailBadRequest();
  }
  const bool preface = line.method == "PRI" && line.target == "*" && line.major == 2;
  if (line.major != 1 && !preface) {
    constexpr std::string_view kVersion =
        "505 HTTP Version Not Supported: unsupported protocol version";
    return Fail(kVersion, kVersion);
  }
  const bool chunked = !request_.http10 && !block.transfer_encodings.empty();
  if (chunked && (block.transfer_encodings.size() > 1 || !IsChunked(block.transfer_encodings[0]))) {
    return Fail("501 Not Implemented", "Unsupported transfer encoding");
  }
  if (block.hosts.empty() && !request_.http10 && !preface && line.method != "CONNECT") {
    return FailBadRequest("missing required Host header");
  }
  if (!block.hosts.empty() &&
      !std::all_of(block.hosts[0].begin(), block.hosts[0].end(), IsHostChar)) {
    return FailBadRequest("malformed Host header");
  }
  if (block.fault == HeaderBlock::Fault::kBadName) return FailBadRequest("invalid header name");

  std::string canonical = "POST / HTTP/1.1\r\n" + block.fields;
  if (chunked) {
    canonical += "Transfer-Encoding: chunked\r\n";
  } else {
    for (const std::string& length : block.content_length_lines) canonical += length;
  }
  canonical += "\r\n";
  beast_ = std::make_unique<Beast>();
  beast::error_code code;
  beast_->put(boost::asio::const_buffer(canonical.data(), canonical.size()), code);
  if (code || !beast_->is_header_done()) return FailBadRequest();
  header_ = {};
  line_at_ = 0;
  if (beast_->is_done()) {
    state_ = State::kComplete;
    return;
  }
  const auto length = beast_->content_length();
  if (block.expects_continue || (length && *length > limits_.body_bytes_max)) {
    request_.body_unread = true;
    state_ = State::kComplete;
    return;
  }
  state_ = State::kBody;
}

// Gives the body to Beast, which counts it. A chunk's header must be in one piece: what it leaves
// is kept.
size_t RequestParser::FeedBody(std::string_view bytes) {
  // The longest line that a chunk may begin with, and what of a trailer may be waiting for its end.
  constexpr size_t kRestMax = 4096;
  const size_t kept = body_rest_.size();
  body_rest_.append(bytes);
  size_t used = 0, took = 1;
  beast::error_code code;
  while (used < body_rest_.size() && !beast_->is_done() && !code && took > 0) {
    took = beast_->put(
        boost::asio::const_buffer(body_rest_.data() + used, body_rest_.size() - used), code);
    used += took;
  }
  body_bytes_ += used;
  const bool stuck = code && code != beast::http::error::need_more;
  const bool complete = beast_->is_done();
  if (complete || stuck || body_bytes_ > limits_.body_bytes_max ||
      body_rest_.size() - used > kRestMax) {
    request_.body_unread = !complete;
    state_ = State::kComplete;
    body_rest_.clear();
    return used > kept ? used - kept : 0;
  }
  body_rest_.erase(0, used);
  return bytes.size();
}

void RequestParser::OnEnd() {
  if (state_ != State::kBody) return;
  request_.body_unread = true;
  state_ = State::kComplete;
}

void RequestParser::Next() {
  CHECK(state_ == State::kComplete);
  state_ = State::kIdle;
  header_.clear();
  line_at_ = 0;
  body_rest_.clear();
  body_bytes_ = 0;
  beast_.reset();
}

}  // namespace dunlin::http
