// When a pattern of six fields fires next: second, minute, hour, day of month, month, weekday.
//
// A field is a list of ranges, 'from[-to][/step]'; '*' and '?' are all; months and weekdays have
// names of three letters, in any case. 'N/step' goes to the end of the field. If day and weekday
// both name days, either will do; else both must hold. All in UTC.
//
//   "0 30 8 * * mon-fri"   half past eight on weekdays
//   "*/10 * * * * *"       every ten seconds
#pragma once

#include <optional>
#include <string_view>

#include "engine/base/time.h"

namespace dunlin {

// The first whole second after 'from' that the pattern names; nullopt: it is no pattern, or names
// none within five years. reference: parseCron.
[[nodiscard]] std::optional<WallTime> NextCron(std::string_view pattern, WallTime from);

}  // namespace dunlin
