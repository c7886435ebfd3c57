// Words for what the system says, as the reference's users know them: the C library's, in lower
// case
// ('address already in use').
#pragma once

#include <string_view>

namespace dunlin::host {

// Lives for ever. A number that Linux does not have gives 'unknown error'.
[[nodiscard]] std::string_view ErrorWords(int error);

// 'interrupt', 'terminated', 'hangup', 'user defined signal 1' ...: the reference's names of the
// signals that this host takes. Empty for any other.
[[nodiscard]] std::string_view SignalWords(int signal);

}  // namespace dunlin::host
