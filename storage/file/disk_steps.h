// Steps on the disk, one after the other, of somebody who only wants to know whether all of them
// were done: replacing files, mostly.
//
//   DiskTicket step = steps.Put("a.tmp", bytes);          // written, synced, closed
//   step = steps.SyncDir("", step);
//   step = steps.Rename("a.tmp", "a", step);
//   steps.SyncDir("", step);
//   ... OnDisk() until idle(), then error()
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "storage/file/store_disk.h"

namespace dunlin::file {

class DiskSteps {
 public:
  explicit DiskSteps(StoreDisk disk) : disk_(std::move(disk)) {}

  // A file with these bytes, durable but for its name. An old one of this name is emptied.
  DiskTicket Put(std::string_view name, std::string bytes, DiskTicket after = {});
  DiskTicket Rename(std::string_view name, std::string_view target, DiskTicket after);
  DiskTicket SyncDir(std::string_view name, DiskTicket after = {});
  // It is no error if it is not there; but what follows is not done then.
  DiskTicket Remove(std::string_view name, DiskTicket after = {});

  // Likewise a directory with all that is in it.
  DiskTicket RemoveTree(std::string_view name, DiskTicket after = {});

  // Takes a completion, if it is one of its own.
  bool OnDisk(const DiskDone& done);
  bool idle() const { return steps_.empty(); }
  // What went wrong first, with the file's name; empty: nothing.
  const std::string& error() const { return error_; }
  // Forgets what was written. REQUIRES: idle().
  void Clear();

 private:
  struct Step {
    DiskTicket ticket;
    std::string name;
    bool may_be_missing = false;
    FileId closes;
  };
  DiskTicket Add(DiskTicket ticket, std::string_view name, bool may_be_missing = false);

  StoreDisk disk_;
  std::vector<Step> steps_;
  std::deque<std::string> bytes_;  // That the disk writes from: they must not move.
  std::string error_;
};

}  // namespace dunlin::file
