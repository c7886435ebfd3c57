// A host and a port as one text, the way it is written in logs, files and error texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dunlin {

// 'host:port'; a host with a colon in it (IPv6) in brackets. The way back: config::SplitHostPort().
[[nodiscard]] std::string JoinHostPort(std::string_view host, int64_t port);

}  // namespace dunlin
