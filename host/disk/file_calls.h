// The blocking calls on one open file. Each returns 0, or errno.
#pragma once

#include "host/disk/disk_job.h"

namespace dunlin::host {

// Opens job.op.path as job.op says; fills in file->fd, file->direct and the size of job.done.
[[nodiscard]] int OpenIt(const DiskRoot& root, DiskJob& job);

// Transfers what job.moved says is left, until all is through, or the end of the file.
[[nodiscard]] int ReadIt(DiskJob& job);
[[nodiscard]] int WriteIt(DiskJob& job);

// fdatasync, in turns; poisons the file if it fails. Does nothing to a poisoned file: look at
// file.poisoned before believing a 0.
[[nodiscard]] int SyncIt(OpenFile& file);

}  // namespace dunlin::host
