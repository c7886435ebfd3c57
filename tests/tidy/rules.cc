#include "tests/tidy/rules.h"

#include <algorithm>
#include <regex>
#include <sstream>

namespace dunlin::tidy {
namespace {

std::string At(const SourceFile& file, size_t line_index) {
  return file.path + ":" + std::to_string(line_index + 1);
}

std::vector<std::string> Words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string WithoutComment(const std::string& line) { return line.substr(0, line.find('#')); }

// The target of an #include with a folder in it: 'engine/base/time.h', '<gtest/gtest.h>'. <vector>
// and friends, and what is no include, give ''.
std::string IncludeTarget(const std::string& line) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*(["<][^">]*)[">])");
  std::smatch match;
  if (!std::regex_search(line, match, kInclude)) return "";
  const std::string target = match[1];
  if (target[0] == '"') return target.substr(1);
  return target.find('/') == std::string::npos && target.ends_with(".h") == false ? "" : target;
}

bool Allows(const std::string& entry, const std::string& target) {
  return entry[0] == '<' ? target.starts_with(entry) : Under(target, entry);
}

bool IsWordChar(char c) { return isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// Where 'token' stands in 'line' as whole words, or npos.
size_t FindToken(const std::string& line, std::string_view token) {
  const bool open_end = token.ends_with('*');
  if (open_end) token.remove_suffix(1);
  for (size_t at = line.find(token); at != std::string::npos; at = line.find(token, at + 1)) {
    const size_t end = at + token.size();
    const bool starts = !IsWordChar(token.front()) || at == 0 || !IsWordChar(line[at - 1]);
    const bool ends =
        open_end || !IsWordChar(token.back()) || end == line.size() || !IsWordChar(line[end]);
    if (starts && ends) return at;
  }
  return std::string::npos;
}

bool UnderAny(const std::string& path, const std::vector<std::string>& folders) {
  return std::any_of(folders.begin(), folders.end(),
                     [&](const auto& f) { return f == "*" || Under(path, f); });
}

bool IsAllowed(const Allowances& allowed, const std::string& rule, const std::string& path) {
  const auto at = allowed.find(rule);
  return at != allowed.end() && at->second.contains(path);
}

bool Matches(const std::string& pattern, const std::string& symbol) {
  if (!pattern.ends_with('*')) return pattern == symbol;
  return symbol.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
}

}  // namespace

Layers ParseLayers(const std::vector<std::string>& lines) {
  Layers layers;
  for (const std::string& line : lines) {
    const std::vector<std::string> words = Words(WithoutComment(line));
    if (words.size() < 2 || words[1] != ":") continue;
    std::vector<std::string>& allowed = layers[words[0]];
    allowed = {words[0]};
    allowed.insert(allowed.end(), words.begin() + 2, words.end());
  }
  return layers;
}

std::vector<Finding> CheckLayers(const std::vector<SourceFile>& files, const Layers& layers) {
  std::vector<Finding> findings;
  for (const SourceFile& file : files) {
    if (!IsCpp(file.path)) continue;
    const std::vector<std::string>* allowed = nullptr;
    for (const auto& [folder, list] : layers) {  // Sorted, so the longest prefix comes last.
      if (Under(file.path, folder)) allowed = &list;
    }
    if (allowed == nullptr) {
      findings.push_back({file.path, "its folder has no line in tests/tidy/layers.txt"});
      continue;
    }
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const std::string target = IncludeTarget(file.lines[i]);
      if (target.empty()) continue;
      if (std::none_of(allowed->begin(), allowed->end(),
                       [&](auto& entry) { return Allows(entry, target); })) {
        findings.push_back({At(file, i), "may not include " + target});
      }
    }
  }
  return findings;
}

std::vector<Ban> ParseBans(const std::vector<std::string>& lines, std::vector<Finding>* findings) {
  std::vector<Ban> bans;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty() || lines[i][0] == '#') continue;
    std::vector<std::string> fields;
    std::istringstream in(lines[i]);
    for (std::string field; std::getline(in, field, '|');) {
      const size_t first = field.find_first_not_of(' ');
      const size_t last = field.find_last_not_of(' ');
      fields.push_back(first == std::string::npos ? "" : field.substr(first, last - first + 1));
    }
    if (fields.size() != 5 || fields[0].empty() || fields[4].empty() ||
        (fields[1] != "code" && fields[1] != "text")) {
      findings->push_back({"bans.txt:" + std::to_string(i + 1),
                           "wants: token | code or text | folders | exceptions | reason"});
      continue;
    }
    bans.push_back({fields[0], fields[1] == "code", Words(fields[2]), Words(fields[3]), fields[4]});
  }
  return bans;
}

std::vector<Finding> CheckBans(const std::vector<SourceFile>& files, const std::vector<Ban>& bans) {
  std::vector<Finding> findings;
  for (const SourceFile& file : files) {
    std::vector<const Ban*> binding;
    for (const Ban& ban : bans) {
      if (UnderAny(file.path, ban.folders) && !UnderAny(file.path, ban.exceptions) &&
          (!ban.in_code || IsCpp(file.path))) {
        binding.push_back(&ban);
      }
    }
    if (binding.empty()) continue;
    const std::vector<std::string> code = CodeOnly(file.lines);
    for (size_t i = 0; i < file.lines.size(); ++i) {
      // An include's target looks like a string or a comparison, so it is looked at as it stands.
      const bool include =
          !IncludeTarget(file.lines[i]).empty() || file.lines[i].starts_with("#include");
      for (const Ban* ban : binding) {
        const std::string& line = ban->in_code && !include ? code[i] : file.lines[i];
        if (FindToken(line, ban->token) == std::string::npos) continue;
        findings.push_back({At(file, i), ban->token + ": " + ban->reason});
      }
    }
  }
  return findings;
}

std::vector<Finding> CheckUnorderedIteration(const std::vector<SourceFile>& files) {
  static const std::regex kMember(R"(std::unordered_\w+<.*>\s+(\w+)\s*[;={])");
  static const std::regex kLoop(R"(for\s*\([^;]*[^:]:\s*[*&]?([\w.>-]+)\))");
  static const std::regex kBegin(R"((\w+)\s*\.\s*c?begin\s*\()");
  // A member is declared in a header and iterated in the file of the same stem.
  const auto stem = [](const std::string& path) { return path.substr(0, path.rfind('.')); };
  std::map<std::string, std::set<std::string>> names;
  std::vector<std::vector<std::string>> code;
  for (const SourceFile& file : files) {
    code.push_back(IsCpp(file.path) ? CodeOnly(file.lines) : std::vector<std::string>{});
    for (const std::string& line : code.back()) {
      std::smatch match;
      if (std::regex_search(line, match, kMember)) names[stem(file.path)].insert(match[1]);
    }
  }
  std::vector<Finding> findings;
  for (size_t f = 0; f < files.size(); ++f) {
    const auto known = names.find(stem(files[f].path));
    if (known == names.end()) continue;
    for (size_t i = 0; i < code[f].size(); ++i) {
      for (const std::regex* pattern : {&kLoop, &kBegin}) {
        std::smatch match;
        if (!std::regex_search(code[f][i], match, *pattern)) continue;
        const std::string whole = match[1];
        const std::string name = whole.substr(whole.find_last_of(".>") + 1);
        if (known->second.contains(name)) {
          findings.push_back(
              {At(files[f], i), "iterates the unordered '" + name + "': its order is nobody's"});
        }
      }
    }
  }
  return findings;
}

std::vector<Finding> CheckAddressOrder(const std::vector<SourceFile>& files) {
  static const std::regex kPointerKey(
      R"(\b(std::(multi)?(map|set)|std::unordered_(map|set)|std::less|std::hash|FlatMap|FlatSet)<\s*[\w: ]+\*)");
  std::vector<Finding> findings;
  for (const SourceFile& file : files) {
    if (!IsCpp(file.path)) continue;
    const std::vector<std::string> code = CodeOnly(file.lines);
    for (size_t i = 0; i < code.size(); ++i) {
      if (std::regex_search(code[i], kPointerKey)) {
        findings.push_back(
            {At(file, i), "orders or hashes by address: another order on every run"});
      }
    }
  }
  return findings;
}

SymbolRules ParseSymbolRules(const std::vector<std::string>& lines) {
  SymbolRules rules;
  for (const std::string& line : lines) {
    const std::vector<std::string> words = Words(WithoutComment(line));
    if (words.size() >= 3 && words[0] == "allow") {
      for (size_t i = 2; i < words.size(); ++i) rules.allowed.insert({words[1], words[i]});
    } else if (!words.empty() && words[0] == "ban") {
      rules.banned.insert(rules.banned.end(), words.begin() + 1, words.end());
    }
  }
  return rules;
}

std::vector<Finding> CheckSymbols(std::string_view nm_output, const SymbolRules& rules) {
  static const std::regex kLine(R"(^\S*\[([^\]]+)\]:\s+(\S+)\s+[UwWvV])");
  std::vector<Finding> findings;
  std::set<std::string> objects;
  for (const std::string& line : SplitLines(nm_output)) {
    std::smatch match;
    if (!std::regex_search(line, match, kLine)) continue;
    const std::string path = match[1], symbol = match[2];
    const std::string object = path.substr(path.rfind('/') + 1);
    objects.insert(object);
    const bool banned = std::any_of(rules.banned.begin(), rules.banned.end(),
                                    [&](const auto& pattern) { return Matches(pattern, symbol); });
    if (banned && !rules.allowed.contains({object, symbol})) {
      findings.push_back({object, "needs " + symbol + ": a pure library makes no system call"});
    }
  }
  if (objects.empty()) findings.push_back({"nm", "named no object file: nothing was checked"});
  return findings;
}

Allowances ParseAllowances(const std::vector<std::string>& lines) {
  Allowances allowed;
  for (const std::string& line : lines) {
    const std::vector<std::string> words = Words(WithoutComment(line));
    if (words.size() == 2) allowed[words[0]].insert(words[1]);
  }
  return allowed;
}

std::vector<Finding> CheckAllowances(const std::vector<SourceFile>& files,
                                     const Allowances& allowed) {
  std::vector<Finding> findings;
  for (const auto& [rule, paths] : allowed) {
    for (const std::string& path : paths) {
      if (std::none_of(files.begin(), files.end(),
                       [&](auto& file) { return Under(file.path, path); })) {
        findings.push_back(
            {"allowances.txt", rule + " " + path + ": there is no such file any more"});
      }
    }
  }
  return findings;
}

std::vector<Finding> CheckLength(const std::vector<SourceFile>& files, const Allowances& allowed) {
  std::vector<Finding> findings;
  for (const SourceFile& file : files) {
    const bool source =
        IsCpp(file.path) || file.path.ends_with(".py") || file.path.ends_with(".mjs");
    if (!source || file.lines.size() <= kLinesMax || IsAllowed(allowed, "long-file", file.path))
      continue;
    findings.push_back(
        {file.path, std::to_string(file.lines.size()) + " lines: split it by subject"});
  }
  return findings;
}

std::vector<Finding> CheckReadmes(const std::vector<SourceFile>& files, const Allowances& allowed) {
  std::set<std::string> folders;
  std::map<std::string, size_t> readme_lines;
  for (const SourceFile& file : files) {
    const size_t first = file.path.find('/');
    const size_t second = first == std::string::npos ? first : file.path.find('/', first + 1);
    if (second == std::string::npos) continue;
    const std::string folder = file.path.substr(0, second);
    if (IsCpp(file.path) && !Under(file.path, "tests")) folders.insert(folder);
    if (file.path == folder + "/README.md") readme_lines[folder] = file.lines.size();
  }
  std::vector<Finding> findings;
  for (const std::string& folder : folders) {
    const auto readme = readme_lines.find(folder);
    if (readme == readme_lines.end()) {
      if (!IsAllowed(allowed, "no-readme", folder)) {
        findings.push_back(
            {folder, "has no README.md: what it decides, main types, invariants, where to look"});
      }
    } else if (readme->second > kReadmeLinesMax) {
      findings.push_back(
          {folder + "/README.md", "longer than " + std::to_string(kReadmeLinesMax) + " lines"});
    }
  }
  return findings;
}

std::vector<Finding> CheckListed(const std::vector<SourceFile>& files, const Allowances& allowed) {
  std::map<std::string, std::string> builds;  // Folder -> its meson.build.
  for (const SourceFile& file : files) {
    if (!file.path.ends_with("meson.build")) continue;
    std::string& text =
        builds[file.path.substr(0, file.path.size() - std::string_view("meson.build").size())];
    for (const std::string& line : file.lines) text += WithoutComment(line) + "\n";
  }
  std::vector<Finding> findings;
  for (const SourceFile& file : files) {
    if (!file.path.ends_with(".cc") || IsAllowed(allowed, "unlisted", file.path)) continue;
    bool listed = false;
    for (const auto& [folder, text] : builds) {
      if (!file.path.starts_with(folder)) continue;
      const std::string name = file.path.substr(folder.size());
      listed |= text.find("'" + name + "'") != std::string::npos;
    }
    if (!listed) findings.push_back({file.path, "is in no meson.build: it is never compiled"});
  }
  return findings;
}

std::vector<Finding> CheckHeaders(const std::vector<SourceFile>& files) {
  std::vector<Finding> findings;
  for (const SourceFile& file : files) {
    if (!file.path.ends_with(".h")) continue;
    if (file.path.ends_with("_pch.h"))
      continue;  // Compiled by themselves, where 'once' is a warning.
    if (file.lines.empty() || !file.lines[0].starts_with("//")) {
      findings.push_back(
          {file.path + ":1", "a header opens with a comment that says what it is for"});
    }
    const auto code = std::find_if(file.lines.begin(), file.lines.end(), [](const auto& line) {
      return !line.empty() && !line.starts_with("//");
    });
    if (code == file.lines.end() || *code != "#pragma once") {
      findings.push_back({file.path, "wants '#pragma once' right after its opening comment"});
    }
    if (file.path == "engine/base/mutant.h") continue;
    const std::vector<std::string> lines = CodeOnly(file.lines);
    for (size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].find("MUTANT(") == std::string::npos) continue;
      findings.push_back(
          {file.path + ":" + std::to_string(i + 1),
           "a planted bug stands in a source: a header is compiled with and without"});
    }
  }
  return findings;
}

std::vector<Finding> CheckMachinePaths(const std::vector<SourceFile>& files,
                                       const std::vector<std::string>& prefixes) {
  std::vector<Finding> findings;
  for (const SourceFile& file : files) {
    for (size_t i = 0; i < file.lines.size(); ++i) {
      for (const std::string& prefix : prefixes) {
        for (size_t at = file.lines[i].find(prefix); at != std::string::npos;
             at = file.lines[i].find(prefix, at + 1)) {
          // 'a/work/b' is somebody's relative path; only an absolute one names a machine.
          const char before = at == 0 ? ' ' : file.lines[i][at - 1];
          if (IsWordChar(before) || before == '.' || before == '}' || before == ')') continue;
          findings.push_back({At(file, i), "names a path of one machine: " + prefix});
          break;
        }
      }
    }
  }
  return findings;
}

}  // namespace dunlin::tidy
