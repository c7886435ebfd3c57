// Words that all kinds of scenario files have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"

namespace dunlin::scenario {

[[nodiscard]] std::string_view Trimmed(std::string_view line);
[[nodiscard]] bool IsBlankOrComment(std::string_view line);
// A file's lines, without their ends.
[[nodiscard]] std::vector<std::string_view> SplitLines(std::string_view text);

// " (did you mean 'connect'?)" or nothing.
[[nodiscard]] std::string Suggestion(std::string_view word,
                                     const std::vector<std::string>& choices);
// 200us, 10ms, 5s, 2m, 1h.
[[nodiscard]] std::optional<Duration> ParseDuration(std::string_view text);
// Digits only, no larger than a uint64_t.
[[nodiscard]] std::optional<uint64_t> ParseNumber(std::string_view text);

}  // namespace dunlin::scenario
