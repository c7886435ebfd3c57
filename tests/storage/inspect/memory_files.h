// Files in memory, for the inspector to read.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/inspect/inspect.h"

namespace dunlin::inspect {

// Files by path; directories are what stands before a slash.
class MemoryFiles final : public Files {
 public:
  std::map<std::string, std::string> files;

  std::optional<std::vector<DirEntry>> List(const std::string& path) override {
    std::map<std::string, DirEntry> entries;
    for (const auto& [name, bytes] : files) {
      if (!name.starts_with(path + "/")) continue;
      const std::string rest = name.substr(path.size() + 1);
      const size_t slash = rest.find('/');
      const std::string entry = rest.substr(0, slash);
      entries[entry] = {entry, bytes.size(), slash != std::string::npos};
    }
    if (entries.empty()) return std::nullopt;
    std::vector<DirEntry> list;
    for (auto& [name, entry] : entries) list.push_back(entry);
    return list;
  }
  std::optional<std::string> Read(const std::string& path, std::string*) override {
    const auto found = files.find(path);
    if (found == files.end()) return std::nullopt;
    return found->second;
  }
};

}  // namespace dunlin::inspect
