// Reads files whole, several at once: keys, metadata, indexes. In pieces, one behind the other:
// memory is made ready for a piece at a time, and the disk carries no more than so much at once.
//
//   reads.Add("meta.inf"); reads.Add("meta.sum");       // each once
//   ... OnDisk(), until reads.done()
//   if (reads.failure().empty()) use(reads.Get("meta.inf"));   // null: it is not there
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/file/store_disk.h"

namespace dunlin::file {

class FileReads {
 public:
  explicit FileReads(StoreDisk disk) : disk_(std::move(disk)) {}

  void Add(std::string name);
  // Takes a completion, if it is one of its own.
  bool OnDisk(const DiskDone& done);
  bool done() const { return waiting_.empty() && reading_.empty(); }

  // The bytes of a file; null if it is not there. REQUIRES: done(), no failure().
  std::string* Get(std::string_view name);
  // A file that is there cannot be read: its name, and why. Whatever it is, it is no reason to
  // give anything up: the next start may read it.
  const std::string& failure() const { return failure_; }

 private:
  static constexpr size_t kAtOnce = 8;  // Open files are few, and many streams may be starting.
  static constexpr uint64_t kPieceBytes = 4u << 20;
  // A length alone, of a hole, costs nobody any room: it is not to cost all memory here.
  static constexpr uint64_t kFileBytesMax = uint64_t{4} << 30;
  struct File {
    std::string name;
    FileId id;
    DiskTicket open, read, close;
    bool there = false;
    uint64_t wanted = 0;  // Bytes, of all pieces.
    size_t asked = 0;     // Of the piece that is being read.
    std::string bytes;    // The disk reads into it: it must not move.
  };
  void Begin();
  void ReadOn(File* file);
  void Fail(const File& file, const DiskDone& done);

  StoreDisk disk_;
  std::map<std::string, std::unique_ptr<File>, std::less<>> files_;
  std::vector<File*> waiting_, reading_;
  std::string failure_;
};

}  // namespace dunlin::file
