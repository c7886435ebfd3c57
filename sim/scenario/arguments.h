// The command line that a target starts a server with: the same for processes and for the
// simulator.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/target.h"

namespace dunlin::scenario {

// Words of a command line; blanks inside double quotes belong to a word.
[[nodiscard]] std::vector<std::string> SplitArguments(std::string_view line);

// What stands behind '-c FILE': loopback and free ports (or those of its first life, 'ports' by
// Port; 0: none yet), and what the scenario says. A bare server gets only the latter.
[[nodiscard]] std::vector<std::string> TargetArguments(const ServerSpec& spec,
                                                       const int (&ports)[2]);

}  // namespace dunlin::scenario
