// Lengths of time as configuration files write them: '2m', '1h30m', '-1.5s', '250ms', '0'.
#pragma once

#include <string_view>

#include "engine/base/result.h"
#include "engine/base/time.h"

namespace dunlin::config {

// As Go's time.ParseDuration, its errors included: 'time: missing unit in duration "5"'.
[[nodiscard]] Result<Duration> ParseDuration(std::string_view text);

// The nearest Duration; what does not fit becomes the longest, what is no number becomes zero.
[[nodiscard]] Duration DurationFromSeconds(double seconds);

}  // namespace dunlin::config
