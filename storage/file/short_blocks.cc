#include "storage/file/short_blocks.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "storage/format/file_names.h"

namespace dunlin::file {

std::vector<ShortBlock> FindShortBlocks(const Checkpoint& checkpoint,
                                        const std::vector<DirEntry>& entries) {
  CHECK(checkpoint.lengths.size() == checkpoint.blocks.size());
  std::vector<std::pair<uint32_t, uint64_t>> files;
  for (const DirEntry& entry : entries) {
    const std::optional<uint32_t> number = format::ParseBlockFile(entry.name);
    if (number && !entry.is_directory) files.emplace_back(*number, entry.size);
  }
  std::sort(files.begin(), files.end());
  std::vector<uint32_t> unsure = checkpoint.unsure;
  std::sort(unsure.begin(), unsure.end());
  std::vector<ShortBlock> out;
  for (size_t i = 0; i < checkpoint.blocks.size(); ++i) {
    const uint32_t number = checkpoint.blocks[i];
    const uint64_t was = number == checkpoint.head ? checkpoint.head_bytes : checkpoint.lengths[i];
    const auto file = std::lower_bound(files.begin(), files.end(), std::pair{number, uint64_t{0}});
    if (file == files.end() || file->first != number) {
      out.push_back({number, std::nullopt, was});
    } else if (file->second < was && !std::binary_search(unsure.begin(), unsure.end(), number)) {
      out.push_back({number, file->second, was});
    }
  }
  return out;
}

void Explain(RecordType type, const JournalHead& head, std::vector<ShortBlock>* blocks) {
  if (blocks->empty()) return;
  std::erase_if(*blocks, [&](const ShortBlock& block) {
    switch (type) {
      case RecordType::kDropped: return block.number == head.block;
      case RecordType::kPurge: return block.number <= head.block;
      case RecordType::kRewritten: return block.number == head.block && block.is == head.offset;
      default: return false;
    }
  });
}

std::string Describe(const ShortBlock& block) {
  if (!block.is) return "the file is missing; its messages are lost";
  return "the file ends here; " + std::to_string(block.was) + " bytes were written";
}

std::string Notice(std::string_view stream, const ShortBlock& block) {
  return "stream '" + std::string(stream) + "', block " + std::to_string(block.number) +
         ", offset " + std::to_string(block.is.value_or(0)) + ": " + Describe(block);
}

}  // namespace dunlin::file
