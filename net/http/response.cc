#include "net/http/response.h"

#include <cstdio>

namespace dunlin::http {
namespace {

constexpr std::string_view kJson = "application/json";

void AddField(std::string_view name, std::string_view value, std::string* out) {
  out->append(name).append(": ").append(value).append("\r\n");
}

// Go's handlers name the type of their JSON, their redirects and their 404s; those stand before the
// date, in alphabetical order. What it guesses from the body (other texts, HTML) comes after the
// length.
bool IsTypeNamedByHandler(const ResponseHead& head) {
  return head.content_type.starts_with(kJson) || head.no_sniff || !head.location.empty();
}

}  // namespace

std::string_view StatusText(int status) {
  switch (status) {
    case 200: return "OK";
    case 307: return "Temporary Redirect";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 414: return "Request URI Too Long";
    case 417: return "Expectation Failed";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Unknown";
  }
}

std::string HttpDate(WallTime at) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const CivilTime c = ToCivil(at);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04lld %02d:%02d:%02d GMT", kDays[c.weekday], c.day,
                kMonths[c.month - 1], static_cast<long long>(c.year), c.hour, c.minute, c.second);
  return text;
}

std::string RenderHead(const ResponseHead& head) {
  std::string out = head.http10 ? "HTTP/1.0 " : "HTTP/1.1 ";
  out += std::to_string(head.status);
  out.append(" ").append(StatusText(head.status)).append("\r\n");
  const bool named = IsTypeNamedByHandler(head) && !head.content_type.empty();
  if (head.content_type == kJson) AddField("Access-Control-Allow-Origin", "*", &out);
  if (named) AddField("Content-Type", head.content_type, &out);
  if (!head.location.empty()) AddField("Location", head.location, &out);
  if (head.no_sniff) AddField("X-Content-Type-Options", "nosniff", &out);
  AddField("Date", HttpDate(head.date), &out);
  if (head.length) AddField("Content-Length", std::to_string(*head.length), &out);
  if (!named && !head.content_type.empty()) AddField("Content-Type", head.content_type, &out);
  if (head.connection == ResponseHead::Connection::kClose) AddField("Connection", "close", &out);
  if (head.connection == ResponseHead::Connection::kKeepAlive) {
    AddField("Connection", "keep-alive", &out);
  }
  if (head.chunked) AddField("Transfer-Encoding", "chunked", &out);
  return out += "\r\n";
}

}  // namespace dunlin::http
