// A monitoring page, asked for as any HTTP client would, over a connection of a target.
#pragma once

#include <string>
#include <vector>

#include "engine/base/time.h"
#include "sim/scenario/target.h"

namespace dunlin::scenario {

struct HttpAnswer {
  std::string problem;  // Why there is no answer; else empty.
  int status = 0;
  std::vector<std::string> headers;  // 'Name: value'.
  std::string body;
};

[[nodiscard]] HttpAnswer HttpGet(Target& target, const std::string& server, const std::string& path,
                                 Instant deadline);

}  // namespace dunlin::scenario
