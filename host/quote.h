// Text in double quotes, escaped as Go's %q does.
#pragma once

#include <string>
#include <string_view>

namespace dunlin::host {

// Valid UTF-8 beyond ASCII stays as it is; bytes that are not become \xNN.
[[nodiscard]] std::string Quoted(std::string_view text);

}  // namespace dunlin::host
