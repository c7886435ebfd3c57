// 'dunlin store inspect DIR': what is in a store directory, and what of it is damaged. Reads only.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dunlin::host {

// 'args' begin with "store". Writes to standard output; usage and errors to standard error. The
// process's exit code: 0 all is whole, 1 something is damaged, 2 the command cannot be understood.
[[nodiscard]] int StoreCommand(const std::string& program, std::span<const std::string_view> args);

}  // namespace dunlin::host
