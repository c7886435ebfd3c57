#include "engine/base/address.h"

namespace dunlin {

std::string JoinHostPort(std::string_view host, int64_t port) {
  const bool brackets = host.find(':') != std::string_view::npos;
  std::string joined;
  if (brackets) joined += '[';
  joined += host;
  if (brackets) joined += ']';
  joined += ':';
  joined += std::to_string(port);
  return joined;
}

}  // namespace dunlin
