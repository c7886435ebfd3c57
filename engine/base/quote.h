// Text in quotes as Go's %q prints it: how the reference shows bytes from outside in errors and
// logs.
#pragma once

#include <string>
#include <string_view>

namespace dunlin {

// "abc\r\n\x00\u00e9 becomes printable": quotes, backslashes, control characters and bytes that are
// not UTF-8 are escaped, and so is what shows nothing (no-break and other spaces, marks of
// direction, private use). Unassigned code points are treated as printable.
[[nodiscard]] std::string GoQuote(std::string_view text);

}  // namespace dunlin
