#include "net/http/server_conn.h"

#include <charconv>
#include <deque>
#include <utility>

#include "engine/base/check.h"
#include "net/http/mux.h"
#include "net/http/parser.h"
#include "net/http/response.h"

namespace dunlin::http {
namespace {

// Up to here the reference knows a reply's length when it writes the header, and says it.
constexpr size_t kLengthKnownMax = 2048;
// Output is held in pieces of about this size, so that none is ever copied as a whole.
constexpr size_t kPieceBytes = 64 << 10;
// More output than this that nobody takes, and no more requests are read.
constexpr size_t kOutputBytesMax = 256 << 10;

}  // namespace

class ServerConn::Impl {
 public:
  explicit Impl(Options options)
      : options_(std::move(options)),
        parser_({options_.header_bytes_max, options_.body_bytes_max}) {}

  void OnBytes(WallTime now, std::string_view bytes) {
    if (closing_) return;
    input_.append(bytes);
    Pump(now);
  }

  void OnEnd() {
    ended_ = true;
    if (!answering_) Pump(last_now_);
  }

  std::optional<Request> TakeRequest() { return std::exchange(request_, std::nullopt); }

  void Respond(WallTime now, const ResponsePart& part);

  std::string_view Output() const {
    if (output_.empty()) return {};
    return std::string_view(output_.front()).substr(output_at_);
  }

  void Consumed(size_t size) {
    CHECK(size <= Output().size());
    output_at_ += size;
    output_bytes_ -= size;
    if (!output_.empty() && output_at_ == output_.front().size()) {
      output_.pop_front();
      output_at_ = 0;
    }
  }

  bool WantsBytes() const {
    return !closing_ && !ended_ && input_.size() < options_.waiting_bytes_max &&
           output_bytes_ < kOutputBytesMax;
  }

  bool AwaitsHeader() const {
    return !closing_ && !answering_ &&
           (!had_request_ || parser_.state() == RequestParser::State::kHeader);
  }

  bool ShouldClose() const { return closing_; }

 private:
  void Pump(WallTime now);
  void Dispatch(WallTime now);
  void Answer(const ResponseHead& partial, std::string_view body);
  void AnswerServerWide(WallTime now);
  void AnswerRedirect(WallTime now, std::string_view location);
  void FinishRequest();
  void Close();
  void Append(std::string_view text);
  void AppendError(std::string_view status_line, std::string_view body);
  ResponseHead Head(WallTime now) const;

  const Options options_;
  RequestParser parser_;
  std::string input_;  // Not parsed yet.
  std::deque<std::string> output_;
  size_t output_at_ = 0;  // Bytes of the first piece that are gone.
  size_t output_bytes_ = 0;
  std::optional<Request> request_;  // Ready to be taken.
  WallTime last_now_;
  bool answering_ = false;  // A request was or can be taken, its last part is not here yet.
  bool in_reply_ = false;   // Its first part is here.
  bool chunked_ = false;    // How the present reply is framed: so,
  bool unframed_ = false;   // or by the end of the connection,
                            // or by its length.
  bool had_request_ = false;
  bool ended_ = false;    // The peer sends no more.
  bool closing_ = false;  // Nothing more is read or answered.
};

void ServerConn::Impl::Append(std::string_view text) {
  if (text.empty()) return;
  if (output_.empty() || output_.back().size() + text.size() > kPieceBytes) output_.emplace_back();
  output_.back().append(text);
  output_bytes_ += text.size();
}

void ServerConn::Impl::Close() { closing_ = true; }

void ServerConn::Impl::AppendError(std::string_view status_line, std::string_view body) {
  Append("HTTP/1.1 ");
  Append(status_line);
  Append("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n");
  Append(body);
  Close();
}

// Parses what is there, until a request is out or the bytes are used up.
void ServerConn::Impl::Pump(WallTime now) {
  last_now_ = now;
  size_t used = 0;
  while (!answering_ && !closing_) {
    used += parser_.Feed(std::string_view(input_).substr(used));
    if (ended_ && used == input_.size()) parser_.OnEnd();
    if (parser_.state() == RequestParser::State::kFailed) {
      AppendError(parser_.error().status_line, parser_.error().body);
    } else if (parser_.state() == RequestParser::State::kComplete) {
      Dispatch(now);
    } else {
      if (ended_) Close();
      break;
    }
  }
  if (closing_) used = input_.size();
  input_.erase(0, used);
}

void ServerConn::Impl::Dispatch(WallTime now) {
  const ParsedRequest& request = parser_.request();
  had_request_ = true;
  const Route route =
      FindRoute(options_.base_path, options_.endpoints, request.method, request.target);
  if (route.kind == Route::Kind::kMalformed) {
    return AppendError("400 Bad Request", "400 Bad Request");
  }
  if (request.expects_other) {
    // Closes and says so before the date, as the reference does; so does the '*' below.
    Append("HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\nDate: " + HttpDate(now) +
           "\r\nContent-Length: 0\r\n\r\n");
    return Close();
  }
  switch (route.kind) {
    case Route::Kind::kServe:
      answering_ = true;
      request_ = Request{route.text};
      return;
    case Route::Kind::kRedirect: AnswerRedirect(now, route.text); break;
    case Route::Kind::kServerWide: AnswerServerWide(now); break;
    case Route::Kind::kNotFound: {
      ResponseHead head = Head(now);
      head.status = 404;
      head.content_type = "text/plain; charset=utf-8";
      head.no_sniff = true;
      Answer(head, "404 page not found\n");
      break;
    }
    case Route::Kind::kMalformed: break;
  }
  if (!closing_) FinishRequest();
}

void ServerConn::Impl::AnswerServerWide(WallTime now) {
  const ParsedRequest& request = parser_.request();
  const std::string version = request.http10 ? "HTTP/1.0 " : "HTTP/1.1 ";
  if (request.method == "OPTIONS") {
    Append(version + "200 OK\r\nContent-Length: 0\r\nDate: " + HttpDate(now) + "\r\n\r\n");
    return;
  }
  Append(version + "400 Bad Request\r\n" + (request.http10 ? "" : "Connection: close\r\n") +
         "Date: " + HttpDate(now) + "\r\nContent-Length: 0\r\n\r\n");
  Close();
}

void ServerConn::Impl::AnswerRedirect(WallTime now, std::string_view location) {
  const std::string& method = parser_.request().method;
  const std::string field = EscapeNonAscii(location);
  ResponseHead head = Head(now);
  head.status = 307;
  head.location = field;
  if (method == "GET" || method == "HEAD") head.content_type = "text/html; charset=utf-8";
  std::string body;
  if (method == "GET")
    body = "<a href=\"" + EscapeHtml(location) + "\">Temporary Redirect</a>.\n\n";
  Answer(head, body);
}

ResponseHead ServerConn::Impl::Head(WallTime now) const {
  ResponseHead head;
  head.http10 = parser_.request().http10;
  head.date = now;
  return head;
}

// A whole reply that is made here.
void ServerConn::Impl::Answer(const ResponseHead& partial, std::string_view body) {
  const ParsedRequest& request = parser_.request();
  ResponseHead head = partial;
  const bool is_head = request.method == "HEAD";
  if (!is_head || !body.empty()) head.length = body.size();
  if (!request.keep_alive || request.body_unread) {
    if (!request.http10) head.connection = ResponseHead::Connection::kClose;
  } else if (request.http10) {
    head.connection = ResponseHead::Connection::kKeepAlive;
  }
  Append(RenderHead(head));
  if (!is_head) Append(body);
}

void ServerConn::Impl::Respond(WallTime now, const ResponsePart& part) {
  CHECK(answering_ && !request_.has_value() && part.first == !in_reply_);
  const ParsedRequest& request = parser_.request();
  const bool is_head = request.method == "HEAD";
  bool close_after = !request.keep_alive || request.body_unread;
  if (part.first) {
    in_reply_ = true;
    ResponseHead head = Head(now);
    head.status = part.status;
    head.content_type = part.content_type;
    const bool length_known = part.last && part.text.size() <= kLengthKnownMax;
    if (length_known && (!is_head || !part.text.empty())) head.length = part.text.size();
    chunked_ = !length_known && !request.http10 && !is_head;
    head.chunked = chunked_;
    if (request.http10 && !length_known && !is_head) unframed_ = true;
    close_after |= unframed_;
    if (close_after && !request.http10) head.connection = ResponseHead::Connection::kClose;
    if (!close_after && request.http10 && head.length) {
      head.connection = ResponseHead::Connection::kKeepAlive;
    }
    Append(RenderHead(head));
  }
  if (!is_head && chunked_ && !part.text.empty()) {
    char size[20];
    Append({size, static_cast<size_t>(
                      std::to_chars(size, size + sizeof size, part.text.size(), 16).ptr - size)});
    Append("\r\n");
    Append(part.text);
    Append("\r\n");
  } else if (!is_head) {
    Append(part.text);
  }
  if (!part.last) return;
  if (chunked_) Append("0\r\n\r\n");
  FinishRequest();
  Pump(now);
}

// The reply is out: on to the next request, or to the end.
void ServerConn::Impl::FinishRequest() {
  const ParsedRequest& request = parser_.request();
  const bool close_after = !request.keep_alive || request.body_unread || unframed_;
  answering_ = in_reply_ = chunked_ = unframed_ = false;
  parser_.Next();
  if (close_after) Close();
}

ServerConn::ServerConn(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
ServerConn::~ServerConn() = default;

void ServerConn::OnBytes(WallTime now, std::span<const uint8_t> bytes) {
  impl_->OnBytes(now, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}
void ServerConn::OnEnd() { impl_->OnEnd(); }
std::optional<Request> ServerConn::TakeRequest() { return impl_->TakeRequest(); }
void ServerConn::Respond(WallTime now, const ResponsePart& part) { impl_->Respond(now, part); }
std::string_view ServerConn::Output() const { return impl_->Output(); }
void ServerConn::Consumed(size_t size) { impl_->Consumed(size); }
bool ServerConn::WantsBytes() const { return impl_->WantsBytes(); }
bool ServerConn::AwaitsHeader() const { return impl_->AwaitsHeader(); }
bool ServerConn::ShouldClose() const { return impl_->ShouldClose(); }

}  // namespace dunlin::http
