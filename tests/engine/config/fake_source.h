// Files and environment variables for a parse, held in memory.
#pragma once

#include <map>
#include <string>

#include "engine/config/parser.h"

namespace dunlin::config {

class FakeSource : public Source {
 public:
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> env;

  Result<std::string> ReadFile(const std::string& path) override {
    const auto found = files.find(path);
    if (found == files.end()) return Error{"open " + path + ": no such file or directory"};
    return found->second;
  }

  std::optional<std::string> Env(const std::string& name) override {
    const auto found = env.find(name);
    if (found == env.end()) return std::nullopt;
    return found->second;
  }
};

}  // namespace dunlin::config
