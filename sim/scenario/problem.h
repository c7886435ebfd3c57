// Where something stands in a scenario file, and what is wrong there.
#pragma once

#include <string>

namespace dunlin::scenario {

struct Position {
  int line = 0;    // From 1.
  int column = 0;  // From 1, in bytes.
};

struct Problem {
  Position at;
  std::string text;  // What is wrong and what was expected, one sentence without a full stop.
};

}  // namespace dunlin::scenario
