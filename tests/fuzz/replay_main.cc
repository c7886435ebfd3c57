// Runs a fuzz target where there is no libFuzzer: over each file of the corpus folders named, and
// over --mutations N inputs made from them, the same on every run. An input that crashes is left in
// a file named on standard error.
//
//   http_fuzz --mutations 20000 CORPUS_FOLDER...
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/base/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kInputBytesMax = 64 * 1024;

std::string g_input;  // The one being run, for the crash handler.
std::string g_crash_path;

void KeepCrash(int signal) {
  if (FILE* file = std::fopen(g_crash_path.c_str(), "wb")) {
    std::fwrite(g_input.data(), 1, g_input.size(), file);
    std::fclose(file);
    std::fprintf(stderr, "crashed on signal %d; the input is in %s\n", signal,
                 g_crash_path.c_str());
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// The target may not write to its input, and reads past it should be seen: it gets a block of just
// that size.
void Run(std::string input) {
  g_input = std::move(input);
  std::vector<uint8_t> block(g_input.begin(), g_input.end());
  LLVMFuzzerTestOneInput(block.data(), block.size());
}

std::vector<std::string> ReadCorpus(int argc, char** argv, int first) {
  std::vector<std::filesystem::path> paths;
  for (int i = first; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i]))
      paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());  // A folder's own order is the file system's affair.
  std::vector<std::string> inputs;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

// One small change of the kinds that find the most: bits, bytes, lengths, pieces of other inputs.
void Mutate(dunlin::Rng& rng, const std::vector<std::string>& corpus, std::string* input) {
  static constexpr char kOdd[] = {'\0', '\r', '\n', ' ',    '\t',   '"', '{', '}',
                                  '.',  '*',  '>',  '\x7f', '\xff', '0', '9', '-'};
  if (input->empty()) input->push_back('x');
  const size_t at = rng.Below(input->size());
  const size_t some = 1 + rng.Below(std::min<size_t>(input->size() - at, 32));
  const std::string& other = corpus[rng.Below(corpus.size())];
  switch (rng.Below(8)) {
    case 0: (*input)[at] = static_cast<char>((*input)[at] ^ (1 << rng.Below(8))); break;
    case 1: (*input)[at] = kOdd[rng.Below(sizeof kOdd)]; break;
    case 2: (*input)[at] = static_cast<char>(rng.Next()); break;
    case 3: input->erase(at, some); break;
    case 4: input->insert(at, 1, kOdd[rng.Below(sizeof kOdd)]); break;
    case 5: input->insert(at, input->substr(at, some)); break;
    case 6: input->resize(at); break;
    default:
      if (!other.empty()) {
        const size_t from = rng.Below(other.size());
        input->insert(at, other.substr(from, 1 + rng.Below(other.size() - from)));
      }
  }
  if (input->size() > kInputBytesMax) input->resize(kInputBytesMax);
}

}  // namespace

int main(int argc, char** argv) {
  int first = 1;
  uint64_t mutations = 0;
  if (argc > 2 && std::strcmp(argv[1], "--mutations") == 0) {
    mutations = std::strtoull(argv[2], nullptr, 10);
    first = 3;
  }
  const std::vector<std::string> corpus = ReadCorpus(argc, argv, first);
  if (corpus.empty()) {
    std::fprintf(stderr, "no input: name a folder with a corpus\n");
    return 2;
  }
  g_crash_path = (std::filesystem::temp_directory_path() /
                  (std::filesystem::path(argv[0]).filename().string() + ".crash"))
                     .string();
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL})
    std::signal(signal, KeepCrash);

  for (const std::string& input : corpus) Run(input);
  dunlin::Rng rng(1);
  for (uint64_t i = 0; i < mutations; ++i) {
    std::string input = corpus[rng.Below(corpus.size())];
    for (uint64_t n = 1 + rng.Below(8); n > 0; --n) Mutate(rng, corpus, &input);
    Run(std::move(input));
  }
  std::printf("%zu inputs of the corpus, %llu mutations\n", corpus.size(),
              static_cast<unsigned long long>(mutations));
  return 0;
}
