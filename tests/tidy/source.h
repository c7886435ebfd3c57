// The repository as the checks of this folder see it: paths and lines, nothing parsed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin::tidy {

struct SourceFile {
  std::string path;  // Relative to the root, '/' separated.
  std::vector<std::string> lines;
};

// Something that a check objects to, worded for the person who has to mend it.
struct Finding {
  std::string where;  // 'path:line', or a path.
  std::string what;
};

// Every text file below 'root' that people write, sorted by path. Build folders, caches, installed
// packages and fuzz inputs (bytes, not text) are left out.
[[nodiscard]] std::vector<SourceFile> ReadRepository(const std::filesystem::path& root);

// Splits at line ends. The last line needs none.
[[nodiscard]] std::vector<std::string> SplitLines(std::string_view text);

[[nodiscard]] std::string ReadFile(const std::filesystem::path& path);

// The same lines with comments, and the insides of string and character literals, made blank: what
// is left is code, in its old place. Raw strings and block comments may span lines.
[[nodiscard]] std::vector<std::string> CodeOnly(const std::vector<std::string>& lines);

// 'engine/base/time.h' is under 'engine' and 'engine/base', and under itself; not under 'eng'.
[[nodiscard]] bool Under(std::string_view path, std::string_view folder);

[[nodiscard]] bool IsCpp(std::string_view path);

}  // namespace dunlin::tidy
