// The checks: each takes text and the rules that bind it, and says what breaks them. None reads a
// file, so that each has a test which shows it failing. The rules themselves are data: the .txt
// files of this folder.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source.h"

namespace dunlin::tidy {

// layers.txt: folder -> what its files may include. The longest folder that holds a file speaks for
// it.
using Layers = std::map<std::string, std::vector<std::string>>;
[[nodiscard]] Layers ParseLayers(const std::vector<std::string>& lines);

// Includes that no line of the layers allows, and files without a line.
[[nodiscard]] std::vector<Finding> CheckLayers(const std::vector<SourceFile>& files,
                                               const Layers& layers);

// bans.txt: a piece of code or text that may not appear in some folders.
struct Ban {
  std::string
      token;  // Matched as whole identifiers at both ends; a trailing '*' lifts that for the end.
  bool in_code = true;  // Else anywhere in the text, comments and strings included.
  std::vector<std::string> folders;
  std::vector<std::string> exceptions;
  std::string reason;
};
// A malformed line is a finding too.
[[nodiscard]] std::vector<Ban> ParseBans(const std::vector<std::string>& lines,
                                         std::vector<Finding>* findings);
[[nodiscard]] std::vector<Finding> CheckBans(const std::vector<SourceFile>& files,
                                             const std::vector<Ban>& bans);

// Iterating a std::unordered_ container, which has no order to rely on. 'files' are those of one
// program.
[[nodiscard]] std::vector<Finding> CheckUnorderedIteration(const std::vector<SourceFile>& files);

// A std::map, set, less or hash over pointers: another order on every run.
[[nodiscard]] std::vector<Finding> CheckAddressOrder(const std::vector<SourceFile>& files);

// symbols.txt: undefined symbols that no object file of the pure libraries may have.
struct SymbolRules {
  std::vector<std::string> banned;                        // A trailing '*' stands for any end.
  std::set<std::pair<std::string, std::string>> allowed;  // Object file, symbol.
};
[[nodiscard]] SymbolRules ParseSymbolRules(const std::vector<std::string>& lines);
// 'nm_output' is what 'nm -A -u -P ARCHIVE' prints. One that names no object file at all is a
// finding.
[[nodiscard]] std::vector<Finding> CheckSymbols(std::string_view nm_output,
                                                const SymbolRules& rules);

// allowances.txt: rule -> the paths that are excused from it.
using Allowances = std::map<std::string, std::set<std::string>>;
[[nodiscard]] Allowances ParseAllowances(const std::vector<std::string>& lines);
// Allowances for files and folders that are not there any more.
[[nodiscard]] std::vector<Finding> CheckAllowances(const std::vector<SourceFile>& files,
                                                   const Allowances& allowed);

inline constexpr size_t kLinesMax = 600;       // Of a source file.
inline constexpr size_t kReadmeLinesMax = 60;  // Of a folder's README.md.

// 'long-file': sources of more than kLinesMax lines.
[[nodiscard]] std::vector<Finding> CheckLength(const std::vector<SourceFile>& files,
                                               const Allowances& allowed);

// 'no-readme': second-level source folders without a README.md, or with one that is too long to be
// read.
[[nodiscard]] std::vector<Finding> CheckReadmes(const std::vector<SourceFile>& files,
                                                const Allowances& allowed);

// 'unlisted': sources that no meson.build beside them or above them names: they would never be
// compiled or run.
[[nodiscard]] std::vector<Finding> CheckListed(const std::vector<SourceFile>& files,
                                               const Allowances& allowed);

// Headers that do not open with a comment and '#pragma once', or have a planted bug: the simulator
// would have two bodies of one function.
[[nodiscard]] std::vector<Finding> CheckHeaders(const std::vector<SourceFile>& files);

// Paths of the machine that something was written on, which mean nothing to anybody else.
[[nodiscard]] std::vector<Finding> CheckMachinePaths(const std::vector<SourceFile>& files,
                                                     const std::vector<std::string>& prefixes);

}  // namespace dunlin::tidy
