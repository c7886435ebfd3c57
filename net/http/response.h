// The header of a reply, in the order in which Go's server writes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace dunlin::http {

struct ResponseHead {
  enum class Connection : uint8_t { kNotSaid, kClose, kKeepAlive };

  bool http10 = false;
  int status = 200;
  std::string_view content_type;  // Empty: none.
  std::string_view location;      // Empty: none.
  bool no_sniff = false;          // X-Content-Type-Options
  WallTime date;
  std::optional<size_t> length;
  bool chunked = false;
  Connection connection = Connection::kNotSaid;
};

// Status line to empty line.
[[nodiscard]] std::string RenderHead(const ResponseHead& head);

// 'Sat, 21 Nov 2026 23:26:48 GMT'
[[nodiscard]] std::string HttpDate(WallTime at);

[[nodiscard]] std::string_view StatusText(int status);

}  // namespace dunlin::http
