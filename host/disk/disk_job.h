// What the parts of the host's disk hand to each other: a store's directory, an open file, and one
// operation under way.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "host/unique_fd.h"
#include "storage/disk.h"

namespace dunlin::host {

// The directory that all paths of operations are relative to.
struct DiskRoot {
  std::string path;     // Absolute, no '/' at its end.
  bool direct = false;  // The file system takes O_DIRECT|O_DSYNC.

  // 'path' empty: the directory itself.
  std::string Full(const std::string& relative) const;
};

// Made by the owner's thread when kOpen is submitted, gone when kClose is done. Fields without a
// word on it are written by one side while the other has no business with the file.
struct OpenFile {
  UniqueFd fd;  // -1 until kOpen is done.
  std::string path;
  Access access = Access::kRead;
  bool direct = false;  // Opened with O_DIRECT|O_DSYNC; else a durable write is a write and a sync.

  // Operations that have begun and not ended; the owner's thread only. kClose waits for the others.
  int under_way = 0;
  struct DiskJob* close = nullptr;  // The one that waits.

  // The kernel tells of a failed write-back once for each descriptor: of two syncs side by side the
  // second may succeed over lost bytes. So they take turns, and look at 'poisoned' within.
  std::mutex sync_turn;
  std::atomic<bool> poisoned = false;
};

// One operation, from its submission until its completion has been handed out. Belongs to the
// owner's thread, or to whoever carries it out (a thread of the pool, the kernel's ring).
struct DiskJob {
  DiskOp op;
  DiskDone done;
  OpenFile* file = nullptr;   // Of operations on a file.
  uint64_t moved = 0;         // Bytes of a transfer that are through.
  bool poisoned_dir = false;  // kSyncDir: the directory was there, and its sync failed.
  bool ended = false;         // 'done' is final.
  std::vector<DiskJob*> followers;
  DiskJob* next = nullptr;  // Follows it on the same thread, if all goes well.
  bool riding = false;      // It is the 'next' of another one.
};

}  // namespace dunlin::host
