// A store's way to the disk: puts operations into the node's queue and remembers whose they are, so
// that each completion finds its way back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "storage/disk.h"

namespace dunlin::file {

// Who waits for which ticket. One for all stores of a node.
class DiskRoutes {
 public:
  // REQUIRES: tickets come in increasing order.
  void Add(DiskTicket ticket, uint32_t owner);
  // Whose it is, once; 0 if nobody's.
  uint32_t Take(DiskTicket ticket);
  // The owner is gone: its completions are nobody's.
  void Forget(uint32_t owner);
  // Something of the owner's is in flight. Looks at all that is.
  bool Waiting(uint32_t owner) const;
  size_t size() const { return routes_.size(); }

 private:
  struct Route {
    DiskTicket ticket;
    uint32_t owner;  // 0: taken.
  };
  std::deque<Route> routes_;
};

// Plain data, copied freely. 'directory' is the stream's, within the disk's.
class StoreDisk {
 public:
  StoreDisk(DiskQueue* queue, DiskRoutes* routes, uint32_t owner, std::string directory)
      : queue_(queue), routes_(routes), owner_(owner), directory_(std::move(directory)) {}

  FileId NewFile() { return queue_->NewFile(); }
  std::string Path(std::string_view name) const;  // In the stream's directory.

  DiskTicket Open(FileId file, std::string_view name, Access access, Creation creation,
                  DiskTicket after = {});
  DiskTicket Close(FileId file, DiskTicket after = {});
  DiskTicket Read(FileId file, uint64_t offset, uint8_t* data, size_t size, DiskTicket after = {});
  DiskTicket Write(FileId file, uint64_t offset, const uint8_t* data, size_t size,
                   DiskTicket after = {});
  DiskTicket Truncate(FileId file, uint64_t size, DiskTicket after = {});
  DiskTicket Sync(FileId file, DiskTicket after = {});
  DiskTicket SyncDir(std::string_view name, DiskTicket after = {});
  DiskTicket Rename(std::string_view name, std::string_view target, Replace replace,
                    DiskTicket after = {});
  DiskTicket Remove(std::string_view name, DiskTicket after = {});
  // Makes the directory and what is missing above it, and all of their names durable. The ticket is
  // that of the last step; earlier ones that fail cancel it, and come back to nobody.
  DiskTicket MakeDir(std::string_view name);
  DiskTicket RemoveTree(std::string_view name, DiskTicket after = {});
  DiskTicket List(std::string_view name, DiskTicket after = {});

 private:
  DiskTicket Routed(DiskTicket ticket);

  DiskQueue* queue_;
  DiskRoutes* routes_;
  uint32_t owner_;
  std::string directory_;
};

}  // namespace dunlin::file
