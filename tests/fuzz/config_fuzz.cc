// A configuration, its includes and its environment, all from the input: whatever they say, there
// is a tree within the limits or an error with words in it, the same one each time.
//
// The input is cut at lines of '%%': the main text, then files 'f1', 'f2', ... and, with the same
// contents, environment variables 'F1', 'F2', ...
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "engine/config/digest.h"
#include "engine/config/parser.h"

namespace {

using namespace dunlin;
using namespace dunlin::config;

constexpr std::string_view kCut = "\n%%\n";

// Small, so that inputs reach them and runs stay short.
constexpr Limits kLimits = {
    .nesting_max = 20, .inclusion_max = 5, .files_max = 20, .tree_bytes_max = 64 << 10};

class InputSource : public Source {
 public:
  explicit InputSource(std::string_view input) {
    for (size_t cut = input.find(kCut); cut != input.npos; cut = input.find(kCut)) {
      parts_.emplace_back(input.substr(0, cut));
      input.remove_prefix(cut + kCut.size());
    }
    parts_.emplace_back(input);
  }

  const std::string& main() const { return parts_[0]; }

  Result<std::string> ReadFile(const std::string& path) override {
    if (const std::string* text = Part(path, 'f')) return *text;
    return Error{"open " + path + ": no such file or directory"};
  }

  std::optional<std::string> Env(const std::string& name) override {
    if (const std::string* text = Part(name, 'F')) return *text;
    return std::nullopt;
  }

 private:
  const std::string* Part(const std::string& name, char prefix) const {
    if (name.size() != 2 || name[0] != prefix || name[1] < '1' || name[1] > '9') return nullptr;
    const size_t index = static_cast<size_t>(name[1] - '0');
    return index < parts_.size() ? &parts_[index] : nullptr;
  }

  std::vector<std::string> parts_;
};

// Returns how deep the tree is.
int CheckTree(const Document& document, const Value& value) {
  CHECK(!document.Locate(value.where()).empty());
  int deepest = 0;
  if (const Array* array = value.IfArray()) {
    for (const Value& element : *array)
      deepest = std::max(deepest, 1 + CheckTree(document, element));
  }
  if (const Map* map = value.IfMap()) {
    for (const Map::Entry& entry : map->entries()) {
      CHECK(map->Find(entry.key) == &entry.value);
      deepest = std::max(deepest, 1 + CheckTree(document, entry.value));
    }
  }
  return deepest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  InputSource source(std::string_view(reinterpret_cast<const char*>(data), size));
  const auto parsed = ParseText(source.main(), source, kLimits);
  const auto again = ParseText(source.main(), source, kLimits);
  CHECK(parsed.ok() == again.ok());
  if (!parsed.ok()) {
    CHECK(!parsed.error().text.empty() && parsed.error().text == again.error().text);
    // These would be defects of the lexer.
    CHECK(parsed.error().text.find("BUG in") == std::string::npos);
    CHECK(!parsed.error().text.starts_with("unexpected "));
    return 0;
  }
  // A container below the root counts, and a scalar may stand in the innermost.
  CHECK(CheckTree(parsed.value(), parsed->root) <= kLimits.nesting_max + 1);
  CHECK(parsed->files.size() <= kLimits.files_max);
  const std::string json = CanonicalJson(parsed->root);
  CHECK(json == CanonicalJson(again->root));
  // At most six characters a byte of a string, and some more around each value.
  CHECK(json.size() <= 6 * kLimits.tree_bytes_max + 100);
  return 0;
}
