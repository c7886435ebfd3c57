// Reads a scenario file. Every mistake is reported with its place and what was expected; reading
// goes on behind a mistake, so that an editor can show all of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/problem.h"
#include "sim/scenario/script.h"

namespace dunlin::scenario {

// Problems of one file that are reported.
inline constexpr size_t kProblemsMax = 20;

// Nothing if the file has a mistake; 'problems' then has at least one.
[[nodiscard]] std::optional<Script> ParseScript(std::string_view text, std::string path,
                                                std::vector<Problem>* problems);

// 'file:line:col: text', as editors and compilers do.
[[nodiscard]] std::string FormatProblem(std::string_view path, const Problem& problem);

}  // namespace dunlin::scenario
