// Scripts of disk operations with their outcomes, run on the simulated and on the real disk: both
// must agree with the script, and so with each other.
//
// A line is an operation; it is issued and waited for, then its outcome is compared:
//
//   # The whole of a comment line.
//   open a notes write new = size 0      file name in the script, path, access, creation
//   write a 0 "hello"                    offset, bytes: "text", 4096*x (4096 times 'x'), 0*x
//   read a 0 100 = "hello"               offset, size
//   truncate a 3                         size
//   sync a
//   close a
//   rename notes other never = ok        or existing: Replace
//   open b none read existing = not_found
//   remove other
//   make_dir one/two
//   list one = two/                      name:size of files, name/ of directories; nothing: empty
//   sync_dir .                           the store's directory; elsewhere a path
//   remove_tree one
//   free_space
//   restart                              a new life of the process: all files are closed
//
// Without '=' the outcome is 'ok'; the others are DiskError's names in snake_case. Access: read,
// write, durable. Creation: existing, if_missing, new, emptied.
//
// '+' in front issues a line together with the next ones, up to the first without '+'; then all are
// waited for. 'NAME:' in front names the operation, 'after NAME' behind it makes it follow that.
//
//   + first: write a 0 "x"
//   + second: sync a after first
//   close a after second
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/disk.h"

namespace dunlin {

// The disk under a script.
class DiskScriptTarget {
 public:
  virtual ~DiskScriptTarget() = default;
  // Of this life.
  virtual DiskQueue& queue() = 0;
  // Hands over what the queue holds, and waits for all of it: the completions, in any order.
  virtual std::vector<DiskDone> FinishAll() = 0;
  // The process ends in order, with nothing in flight, and starts again.
  virtual void Restart() = 0;
};

// Empty if every outcome is what the script says; else the first difference, with its line.
[[nodiscard]] std::string RunDiskScript(std::string_view script, DiskScriptTarget& target);

// The script files of tests/support/disk_scripts below 'source_root', sorted by name.
struct DiskScriptFile {
  std::string name;  // Without folder and ending.
  std::string script;
};
[[nodiscard]] std::vector<DiskScriptFile> ReadDiskScripts(const std::string& source_root);

}  // namespace dunlin
