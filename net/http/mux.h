// Which page a request is for: takes the request target apart, cleans its path, finds the endpoint.
// Decides as the reference's router (Go's ServeMux) does, down to what a redirect's Location says.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dunlin::http {

struct Route {
  enum class Kind {
    kServe,     // 'text' is the endpoint and, after '?', the query.
    kRedirect,  // 'text' is the Location: the same path, cleaned.
    kNotFound,
    kServerWide,  // The target is '*': about the server, not about a page.
    kMalformed,   // Not a request target.
  };
  Kind kind;
  std::string text;
};

// 'base_path' as configured: '', '/', 'nats', '/nats/'. 'endpoints' are '/', '/varz', ...
[[nodiscard]] Route FindRoute(std::string_view base_path,
                              std::span<const std::string_view> endpoints, std::string_view method,
                              std::string_view target);

// '/a/./b//c/..' -> '/a/b'. Lexical; the result of an absolute path is absolute and has no '/' at
// its end, but for '/' itself.
[[nodiscard]] std::string CleanPath(std::string_view path);

// What a redirect shows in its body: &, <, >, " and ' as entities.
[[nodiscard]] std::string EscapeHtml(std::string_view text);

// Bytes that are not ASCII as %xx, for a header.
[[nodiscard]] std::string EscapeNonAscii(std::string_view text);

}  // namespace dunlin::http
