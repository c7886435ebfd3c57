// File paths as the reference forms them: text only, nothing is looked up, '/' separates.
#pragma once

#include <string>
#include <string_view>

namespace dunlin::config {

// The shortest equal path: no '.', no 'x/..', no double or final '/'. '.' for nothing.
[[nodiscard]] std::string CleanPath(std::string_view path);

// All but the last element, cleaned: 'a/b' -> 'a', 'b' -> '.', '/b' -> '/'.
[[nodiscard]] std::string DirectoryOf(std::string_view path);

// Both with a '/' between, cleaned. 'name' is below 'directory' even if it starts with '/'.
[[nodiscard]] std::string JoinPath(std::string_view directory, std::string_view name);

}  // namespace dunlin::config
