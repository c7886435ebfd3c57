// A store directory whose files hold anything, looked at: the inspector comes to an end, says the
// same again, has changed nothing, and what is as it was written it does not call damaged.
//
// The first byte of the input chooses the directory (kBases); the rest are edits of its files
// (edited_store.h).
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "storage/inspect/inspect.h"
#include "storage/inspect/print.h"
#include "tests/fuzz/edited_store.h"
#include "tests/storage/inspect/memory_files.h"

namespace {

using dunlin::fuzz::Files;
using dunlin::fuzz::StoreBase;

constexpr StoreBase kBases[] = {
    {.stops = true, .has_consumers = true},
    {.has_consumers = true},
    {.is_compressed = true, .stops = true, .has_consumers = true},
    {.is_encrypted = true, .stops = true, .has_consumers = true},
    {.is_encrypted = true, .is_compressed = true, .has_consumers = true},
};
constexpr size_t kBaseCount = sizeof kBases / sizeof kBases[0];
constexpr uint8_t kKinds = 9;
constexpr const char* kRoot = "store";

// As a server lays them out; the account, which the keys depend on, has no name here.
std::string PathOf(const std::string& path) {
  const bool is_stream = path.starts_with("streams/");
  return std::string(kRoot) + "/jetstream/" + (is_stream ? "/" : "") + path;
}

const Files& BaseFiles(size_t which) {
  static const auto* const all = [] {
    auto* made = new std::vector<Files>();
    for (const StoreBase& base : kBases) {
      Files files;
      for (auto& [path, bytes] : dunlin::fuzz::MakeStore(base)) files[PathOf(path)] = bytes;
      made->push_back(std::move(files));
    }
    return made;
  }();
  return (*all)[which];
}

// False: nothing was edited.
bool EditAll(const uint8_t* data, size_t size, Files* files) {
  using dunlin::fuzz::kEditBytes;
  size_t edits = 0;
  for (size_t at = 0; at + kEditBytes <= size && edits < dunlin::fuzz::kEditsMax; ++edits) {
    const std::vector<std::string> paths = dunlin::fuzz::Paths(*files);
    if (paths.empty()) break;
    at += dunlin::fuzz::Edit(data[at] % kKinds, data + at, size - at, paths, files);
  }
  return edits > 0;
}

template <typename Sink>
std::string Report(dunlin::inspect::Files* files, const std::string& directory,
                   const dunlin::inspect::Options& options, uint64_t* damages) {
  std::string out;
  Sink sink(&out);
  const auto totals = dunlin::inspect::Inspect(files, directory, options, &sink);
  *damages = totals.damages;
  return out + dunlin::inspect::Describe(totals);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using dunlin::inspect::JsonSink;
  using dunlin::inspect::TextSink;
  if (size == 0) return 0;
  const size_t which = data[0] % kBaseCount;
  dunlin::inspect::MemoryFiles files;
  files.files = BaseFiles(which);
  const bool is_edited = EditAll(data + 1, size - 1, &files.files);
  const Files before = files.files;

  dunlin::inspect::Options options;
  options.messages = true;
  if (kBases[which].is_encrypted) options.key = "s3cr3t";
  uint64_t damages = 0, again = 0;
  const std::string text = Report<TextSink>(&files, kRoot, options, &damages);
  if (!is_edited && damages > 0) std::fprintf(stderr, "%s\n", text.c_str());
  CHECK(is_edited || damages == 0);
  CHECK(Report<TextSink>(&files, kRoot, options, &again) == text && again == damages);
  (void)Report<JsonSink>(&files, kRoot, options, &again);
  CHECK(again == damages);
  // A stream alone, and without the key.
  options.key.clear();
  (void)Report<JsonSink>(&files, std::string(kRoot) + "/jetstream//streams/S", options, &again);
  CHECK(files.files == before);
  return 0;
}
