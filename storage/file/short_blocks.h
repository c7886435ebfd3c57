// Blocks whose files are not there, or are shorter than what was written to them. A checkpoint says
// how long each is, and how long another file is that may have its name by now; of what came of
// them since, dropped or written anew, records of the journal say so first. Anything shorter is
// damage, and a block that ends between two records does not tell it.
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

class BlockLengths {
 public:
  BlockLengths() = default;
  // What stands in the directory, held against the checkpoint.
  BlockLengths(const Checkpoint& checkpoint, const std::vector<DirEntry>& entries);
  // A record from behind the checkpoint; once or more often.
  void Take(RecordType type, const JournalHead& head);
  // What is damage by all that is known so far, in the order of the numbers.
  [[nodiscard]] std::vector<ShortBlock> Short() const;

 private:
  struct File {
    uint32_t number = 0;
    std::optional<uint64_t> is;
    uint64_t was = 0;    // The longest of those that are right; 0: not known.
    bool right = false;  // It is as long as somebody said.
  };
  std::vector<File> files_;  // In the order of their numbers.
};

// What is said of it, behind the place where its file ends: "the file ends here; ...".
[[nodiscard]] std::string Describe(const ShortBlock& block);
// All of it, with where that is: "stream 'S', block 1, offset 393: the file ends here; ...".
[[nodiscard]] std::string Notice(std::string_view stream, const ShortBlock& block);

}  // namespace dunlin::file
