#include "tests/tidy/source.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

namespace dunlin::tidy {
namespace {

namespace fs = std::filesystem;

bool IsSkippedFolder(const std::string& name) {
  return name == ".git" || name == ".cache" || name == "node_modules" || name == "__pycache__" ||
         name == "venv" || name == "corpus" || name.starts_with("build");
}

bool IsText(const std::string& content) { return content.find('\0') == std::string::npos; }

// Blanks one file, character by character.
class Blanker {
 public:
  std::string Line(const std::string& line) {
    std::string out(line.size(), ' ');
    for (size_t i = 0; i < line.size();) {
      if (in_block_comment_) {
        i = SkipPast(line, i, "*/", &in_block_comment_);
      } else if (in_raw_string_) {
        i = SkipPast(line, i, raw_end_, &in_raw_string_);
      } else if (line.compare(i, 2, "//") == 0) {
        break;
      } else if (line.compare(i, 2, "/*") == 0) {
        in_block_comment_ = true;
        i += 2;
      } else if (line.compare(i, 2, "R\"") == 0) {
        const size_t paren = line.find('(', i);
        if (paren == std::string::npos) break;
        raw_end_ = ")" + line.substr(i + 2, paren - i - 2) + "\"";
        in_raw_string_ = true;
        i = paren + 1;
      } else if (line[i] == '"' || (line[i] == '\'' && !IsDigitSeparator(line, i))) {
        i = SkipLiteral(line, i, &out);
      } else {
        out[i] = line[i];
        ++i;
      }
    }
    return out;
  }

 private:
  static bool IsDigitSeparator(const std::string& line, size_t at) {
    return at > 0 && isxdigit(static_cast<unsigned char>(line[at - 1])) && at + 1 < line.size() &&
           isxdigit(static_cast<unsigned char>(line[at + 1]));
  }

  static size_t SkipPast(const std::string& line, size_t from, std::string_view end, bool* open) {
    const size_t at = line.find(end, from);
    if (at == std::string::npos) return line.size();
    *open = false;
    return at + end.size();
  }

  static size_t SkipLiteral(const std::string& line, size_t at, std::string* out) {
    const char quote = line[at];
    (*out)[at] = quote;
    for (size_t i = at + 1; i < line.size(); ++i) {
      if (line[i] == '\\') {
        ++i;
      } else if (line[i] == quote) {
        (*out)[i] = quote;
        return i + 1;
      }
    }
    return line.size();
  }

  bool in_block_comment_ = false;
  bool in_raw_string_ = false;
  std::string raw_end_;
};

}  // namespace

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<SourceFile> ReadRepository(const fs::path& root) {
  std::vector<SourceFile> files;
  for (auto at = fs::recursive_directory_iterator(root); at != fs::recursive_directory_iterator();
       ++at) {
    if (at->is_directory()) {
      if (IsSkippedFolder(at->path().filename().string())) at.disable_recursion_pending();
      continue;
    }
    const std::string path = fs::relative(at->path(), root).generic_string();
    if (!at->is_regular_file() || path == ".git") continue;
    std::string content = ReadFile(at->path());
    if (IsText(content)) files.push_back({path, SplitLines(content)});
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

std::vector<std::string> CodeOnly(const std::vector<std::string>& lines) {
  Blanker blanker;
  std::vector<std::string> code;
  code.reserve(lines.size());
  for (const std::string& line : lines) code.push_back(blanker.Line(line));
  return code;
}

bool Under(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool IsCpp(std::string_view path) { return path.ends_with(".h") || path.ends_with(".cc"); }

}  // namespace dunlin::tidy
