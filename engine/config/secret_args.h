// Which bytes of a command line are secrets, so that the host can overwrite them before anyone
// looks: any process of the machine can read another's arguments (advisory 2026-14 is about the
// same leak).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace dunlin::config {

// 'size' bytes from 'at' of the argument 'index'.
struct ArgRange {
  size_t index = 0;
  size_t at = 0;
  size_t size = 0;
  bool operator==(const ArgRange&) const = default;
};

// The values of --user, --pass and --auth, and 'user:password' in the URLs of --routes, --cluster
// and
// --cluster_listen, in order. Judged argument by argument, whether or not the line as a whole can
// be understood: rather too much than too little.
[[nodiscard]] std::vector<ArgRange> SecretArgs(std::span<const std::string_view> args);

}  // namespace dunlin::config
