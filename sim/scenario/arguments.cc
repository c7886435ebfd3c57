#include "sim/scenario/arguments.h"

namespace dunlin::scenario {
namespace {

std::string PortWord(int known) { return known == 0 ? "-1" : std::to_string(known); }

}  // namespace

std::vector<std::string> SplitArguments(std::string_view line) {
  std::vector<std::string> words;
  bool quoted = false, inside = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
      if (!inside) words.emplace_back();
      inside = true;
    } else if (c == ' ' && !quoted) {
      inside = false;
    } else {
      if (!inside) words.emplace_back();
      inside = true;
      words.back() += c;
    }
  }
  return words;
}

std::vector<std::string> TargetArguments(const ServerSpec& spec, const int (&ports)[2]) {
  std::vector<std::string> words;
  if (!spec.bare) {
    words = {"-a", "127.0.0.1", "-p", PortWord(ports[0])};
    if (spec.monitor) words.insert(words.end(), {"-m", PortWord(ports[1])});
  }
  const std::vector<std::string> own = SplitArguments(spec.args);
  words.insert(words.end(), own.begin(), own.end());
  return words;
}

}  // namespace dunlin::scenario
