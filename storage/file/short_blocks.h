// Blocks whose files are not there, or are shorter than what was written to them. A checkpoint says
// how long they were; what came of them since, dropped or written anew, records of the journal say.
// What neither explains is damage, and a block that ends between two records does not tell it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/disk.h"
#include "storage/file/checkpoint.h"
#include "storage/file/journal_record.h"

namespace dunlin::file {

struct ShortBlock {
  uint32_t number = 0;
  std::optional<uint64_t> is;  // Bytes of its file; nullopt: there is none.
  uint64_t was = 0;
  bool operator==(const ShortBlock&) const = default;
};

// What stands in the directory, held against the checkpoint; in the order of their numbers.
[[nodiscard]] std::vector<ShortBlock> FindShortBlocks(const Checkpoint& checkpoint,
                                                      const std::vector<DirEntry>& entries);

// Takes out what a record from behind the checkpoint explains.
void Explain(RecordType type, const JournalHead& head, std::vector<ShortBlock>* blocks);

// What is said of it, behind the place where its file ends: "the file ends here; ...".
[[nodiscard]] std::string Describe(const ShortBlock& block);
// All of it, with where that is: "stream 'S', block 1, offset 393: the file ends here; ...".
[[nodiscard]] std::string Notice(std::string_view stream, const ShortBlock& block);

}  // namespace dunlin::file
