#include "storage/format/file_names.h"

#include <charconv>

namespace dunlin::format {
namespace {

constexpr std::string_view kBlockSuffix = ".blk";
constexpr std::string_view kKeySuffix = ".key";

std::optional<uint32_t> ParseNumbered(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(suffix.size());
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  if (name.size() > 1 && name[0] == '0') return std::nullopt;
  return number;
}

}  // namespace

std::string BlockFile(uint32_t block) { return std::to_string(block) + std::string(kBlockSuffix); }
std::string BlockKeyFile(uint32_t block) { return std::to_string(block) + std::string(kKeySuffix); }

std::optional<uint32_t> ParseBlockFile(std::string_view name) {
  return ParseNumbered(name, kBlockSuffix);
}
std::optional<uint32_t> ParseBlockKeyFile(std::string_view name) {
  return ParseNumbered(name, kKeySuffix);
}

}  // namespace dunlin::format
