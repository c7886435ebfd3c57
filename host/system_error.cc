#include "host/system_error.h"

#include <csignal>
#include <cstring>
#include <string>
#include <vector>

namespace dunlin::host {
namespace {

constexpr int kErrorsMax = 134;  // One past the highest on Linux, EHWPOISON.

std::string Words(int error) {
  const char* description = strerrordesc_np(error);
  if (description == nullptr) return "errno " + std::to_string(error);
  std::string words = description;
  // 'RFS specific error' keeps its capitals, 'No such file' does not.
  const bool acronym = words.size() > 1 && words[1] >= 'A' && words[1] <= 'Z';
  if (!acronym && words[0] >= 'A' && words[0] <= 'Z') words[0] = static_cast<char>(words[0] + 32);
  return words;
}

}  // namespace

std::string_view ErrorWords(int error) {
  static const std::vector<std::string> table = [] {
    std::vector<std::string> words;
    for (int i = 0; i < kErrorsMax; ++i) words.push_back(Words(i));
    return words;
  }();
  if (error < 0 || error >= kErrorsMax) return "unknown error";
  return table[static_cast<size_t>(error)];
}

std::string_view SignalWords(int signal) {
  switch (signal) {
    case SIGINT: return "interrupt";
    case SIGTERM: return "terminated";
    case SIGHUP: return "hangup";
    case SIGUSR1: return "user defined signal 1";
    case SIGUSR2: return "user defined signal 2";
    default: return "";
  }
}

}  // namespace dunlin::host
