#include "storage/file/short_blocks.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "storage/format/file_names.h"

namespace dunlin::file {

BlockLengths::BlockLengths(const Checkpoint& checkpoint, const std::vector<DirEntry>& entries) {
  CHECK(checkpoint.lengths.size() == checkpoint.blocks.size());
  std::vector<std::pair<uint32_t, uint64_t>> sizes;
  for (const DirEntry& entry : entries) {
    const std::optional<uint32_t> number = format::ParseBlockFile(entry.name);
    if (number && !entry.is_directory) sizes.emplace_back(*number, entry.size);
  }
  std::sort(sizes.begin(), sizes.end());
  for (size_t i = 0; i < checkpoint.blocks.size(); ++i) {
    File file;
    file.number = checkpoint.blocks[i];
    const auto size =
        std::lower_bound(sizes.begin(), sizes.end(), std::pair{file.number, uint64_t{0}});
    if (size != sizes.end() && size->first == file.number) file.is = size->second;
    file.was = file.number == checkpoint.head ? checkpoint.head_bytes : checkpoint.lengths[i];
    file.right = file.is == file.was;
    files_.push_back(file);
    if (checkpoint.other && checkpoint.other->block == file.number) {
      Take(RecordType::kRewritten,
           {.block = file.number, .offset = static_cast<uint32_t>(checkpoint.other->bytes)});
    }
  }
}

void BlockLengths::Take(RecordType type, const JournalHead& head) {
  if (type == RecordType::kAppend) return;  // Nearly all are: nothing is looked for.
  const auto at = std::lower_bound(files_.begin(), files_.end(), head.block,
                                   [](const File& a, uint32_t b) { return a.number < b; });
  const bool there = at != files_.end() && at->number == head.block;
  switch (type) {
    case RecordType::kDropped:
      if (there) files_.erase(at);
      break;
    case RecordType::kPurge: files_.erase(files_.begin(), at + (there ? 1 : 0)); break;
    case RecordType::kRewritten:
      if (!there) break;
      at->right |= at->is == head.offset;
      if (at->was != 0) at->was = std::max<uint64_t>(at->was, head.offset);
      break;
    default: break;
  }
}

std::vector<ShortBlock> BlockLengths::Short() const {
  std::vector<ShortBlock> out;
  for (const File& file : files_) {
    if (!file.is || (!file.right && *file.is < file.was)) {
      out.push_back({file.number, file.is, file.was});
    }
  }
  return out;
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
