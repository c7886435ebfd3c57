// The text of a number or date -> its value, with the reference's results and error texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/result.h"
#include "engine/config/value.h"

namespace dunlin::config {

// Digits with a sign and a size suffix: k, m, g, t, p, e are powers of 1000; with 'b', 'i' or 'ib'
// after them, in any case, powers of 1024. A product that does not fit wraps around, as in the
// reference. None if the suffix is not known ('1kbb'): the reference drops such a value in silence.
Result<std::optional<int64_t>> ParseInteger(std::string_view text);

// Digits, a point, digits; with a sign.
Result<double> ParseFloat(std::string_view text);

// 'YYYY-MM-DDTHH:MM:SSZ'.
Result<DateTime> ParseDateTime(std::string_view text);

}  // namespace dunlin::config
