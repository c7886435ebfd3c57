// Times as text: '2026-11-21T22:58:19.5Z', or with a zone in place of the Z: '+01:00'.
// FormatRfc3339() (time.h) writes them.
#pragma once

#include <string_view>

#include "engine/base/time.h"

namespace dunlin {

// As Go reads RFC 3339, fractions of any length included; its zero time is {0}. False, and 'out' as
// it was: it is none, or does not fit into nanoseconds since 1970.
[[nodiscard]] bool ParseRfc3339(std::string_view text, WallTime* out);

}  // namespace dunlin
