#include "engine/config/path.h"

#include <vector>

namespace dunlin::config {

std::string CleanPath(std::string_view path) {
  const bool rooted = path.starts_with('/');
  std::vector<std::string_view> elements;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view element = path.substr(0, slash);
    path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
    if (element.empty() || element == ".") continue;
    if (element != "..") {
      elements.push_back(element);
    } else if (!elements.empty() && elements.back() != "..") {
      elements.pop_back();
    } else if (!rooted) {
      elements.push_back(element);
    }
  }
  std::string clean = rooted ? "/" : "";
  for (size_t i = 0; i < elements.size(); ++i) {
    if (i > 0) clean += '/';
    clean += elements[i];
  }
  return clean.empty() ? "." : clean;
}

std::string DirectoryOf(std::string_view path) {
  return CleanPath(path.substr(0, path.rfind('/') + 1));
}

std::string JoinPath(std::string_view directory, std::string_view name) {
  if (directory.empty()) return name.empty() ? "" : CleanPath(name);
  return CleanPath(std::string(directory) + '/' + std::string(name));
}

}  // namespace dunlin::config
